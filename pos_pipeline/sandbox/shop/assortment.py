"""What a Spanish bakery and café sells. Data only; prices in minor units, tax inclusive.

A row is: name, tax percent, popularity, SKU stem (empty: sold without SKU), variations with their prices, and the
key of its modifier group. A category that starts with `kg:` is sold by weight.
"""

ASSORTMENT: dict[str, tuple[tuple[str, int, int, str, tuple[tuple[str, int], ...], str], ...]] = {
    "Pan": (
        ("Barra de pan", 4, 90, "PAN-BAR", (("Normal", 95), ("Media", 55)), ""),
        ("Baguette", 4, 50, "PAN-BAG", (("Normal", 110),), ""),
        ("Chapata", 4, 35, "PAN-CHA", (("Normal", 130),), ""),
        ("Hogaza de masa madre", 4, 28, "PAN-HOG", (("500 g", 320), ("1 kg", 580)), ""),
        ("Pan integral", 4, 24, "PAN-INT", (("Normal", 180),), ""),
        ("Pan de molde", 4, 14, "PAN-MOL", (("Blanco", 260), ("Integral", 280)), ""),
        ("Pan de centeno", 4, 10, "PAN-CEN", (("500 g", 360),), ""),
        ("Mollete de Antequera", 4, 12, "", (("Normal", 90),), ""),
        ("Pan sin gluten", 4, 5, "PAN-SGL", (("Normal", 390),), ""),
    ),
    "kg:Pan al peso": (
        ("Pan gallego", 4, 16, "PAN-GAL", (("Kilo", 490),), ""),
        ("Empanada gallega", 10, 10, "SAL-EMP", (("Atún", 1890), ("Carne", 1990)), ""),
        ("Pastas de té", 10, 8, "DUL-PAS", (("Kilo", 2400),), ""),
        ("Picos artesanos", 4, 6, "PAN-PIC", (("Kilo", 1150),), ""),
    ),
    "Bollería": (
        ("Croissant de mantequilla", 10, 70, "BOL-CRO", (("Normal", 180), ("Mini", 90)), ""),
        ("Napolitana de chocolate", 10, 40, "BOL-NAP", (("Normal", 190),), ""),
        ("Ensaimada", 10, 20, "BOL-ENS", (("Individual", 170), ("Familiar", 1450)), ""),
        ("Palmera de chocolate", 10, 25, "BOL-PAL", (("Normal", 210),), ""),
        ("Magdalena", 10, 18, "BOL-MAG", (("Unidad", 110), ("Bolsa de 6", 560)), ""),
        ("Churros", 10, 30, "", (("Ración", 220),), ""),
        ("Caracola", 10, 12, "BOL-CAR", (("Normal", 185),), ""),
        ("Donut artesano", 10, 15, "BOL-DON", (("Azúcar", 160), ("Chocolate", 180)), ""),
    ),
    "Pastelería": (
        ("Tarta de queso", 10, 14, "PAS-QUE", (("Porción", 420), ("Entera", 3200)), ""),
        ("Tarta de Santiago", 10, 9, "PAS-SAN", (("Porción", 390), ("Entera", 2800)), ""),
        ("Milhojas de crema", 10, 8, "PAS-MIL", (("Porción", 350),), ""),
        ("Bizcocho casero", 10, 10, "PAS-BIZ", (("Porción", 250), ("Entero", 1500)), ""),
        ("Brownie", 10, 12, "PAS-BRO", (("Normal", 310),), ""),
        ("Yemas de Ávila", 10, 3, "PAS-YEM", (("Caja de 12", 1190),), ""),
    ),
    "Salado": (
        ("Bocadillo de jamón", 10, 26, "SAL-JAM", (("Normal", 520), ("Medio", 320)), "extras"),
        ("Bocadillo de tortilla", 10, 22, "SAL-TOR", (("Normal", 450), ("Medio", 280)), "extras"),
        ("Empanadilla de atún", 10, 16, "SAL-EAT", (("Normal", 240),), ""),
        ("Tostada con tomate", 10, 34, "SAL-TOM", (("Entera", 260), ("Media", 180)), "extras"),
        ("Sándwich mixto", 10, 14, "SAL-MIX", (("Normal", 380),), "extras"),
        ("Quiche de verduras", 10, 7, "SAL-QUI", (("Porción", 410),), ""),
    ),
    "Café": (
        ("Café solo", 10, 60, "CAF-SOL", (("Normal", 140),), ""),
        ("Café con leche", 10, 95, "CAF-LEC", (("Normal", 170), ("Grande", 200)), "leche"),
        ("Cortado", 10, 55, "CAF-COR", (("Normal", 150),), "leche"),
        ("Capuchino", 10, 30, "CAF-CAP", (("Normal", 240), ("Grande", 290)), "leche"),
        ("Café con hielo", 10, 14, "CAF-HIE", (("Normal", 160),), "leche"),
        ("Flat white", 10, 12, "CAF-FLW", (("Normal", 280),), "leche"),
        ("Chocolate a la taza", 10, 12, "CAF-CHO", (("Normal", 300),), ""),
        ("Té", 10, 16, "CAF-TE", (("Negro", 190), ("Verde", 190), ("Rooibos", 200)), "leche"),
    ),
    "Bebidas": (
        ("Agua mineral", 10, 24, "BEB-AGU", (("50 cl", 130), ("1,5 l", 190)), ""),
        ("Zumo de naranja natural", 10, 20, "BEB-ZUM", (("Pequeño", 280), ("Grande", 390)), ""),
        ("Refresco de cola", 21, 18, "BEB-COL", (("33 cl", 210),), ""),
        ("Limonada", 21, 6, "BEB-LIM", (("Normal", 250),), ""),
        ("Cerveza", 21, 10, "BEB-CER", (("Caña", 200), ("Tercio", 260)), ""),
    ),
    "Tienda": (
        ("Café en grano Colombia", 10, 4, "TIE-COL", (("250 g", 790), ("1 kg", 2690)), ""),
        ("Taza de la casa", 21, 2, "TIE-TAZ", (("Blanca", 1200), ("Azul", 1200)), ""),
        ("Bolsa de tela", 21, 2, "TIE-BOL", (("Única", 650),), ""),
        ("Velas de cumpleaños", 21, 2, "", (("Paquete", 240),), ""),
    ),
}

MODIFIERS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "leche": (
        ("avena", "Leche de avena", 40),
        ("soja", "Leche de soja", 30),
        ("sin-lactosa", "Leche sin lactosa", 0),
        ("doble", "Doble carga", 60),
    ),
    "extras": (
        ("queso", "Queso", 80),
        ("aguacate", "Aguacate", 120),
        ("sin-sal", "Sin sal", 0),
    ),
}
MODIFIER_GROUPS = {"leche": "Leche y café", "extras": "Extras de bocadillo"}

DISCOUNTS: tuple[tuple[str, str, int | None, int | None], ...] = (
    ("vale", "Vale 0,50", None, 50),
    ("ayer", "Pan de ayer", 50, None),
    ("empleado", "Empleado", 20, None),
    ("fidelidad", "Fidelidad", 10, None),
    ("merienda", "Merienda", 15, None),
)

GIVEN_NAMES = (
    "Lucía", "Martín", "Sofía", "Hugo", "María", "Mateo", "Julia", "Leo", "Paula", "Daniel", "Valeria", "Alejandro",
    "Emma", "Manuel", "Daniela", "Pablo", "Carla", "Álvaro", "Alma", "Adrián", "Noa", "Enzo", "Vega", "Iker",
)  # fmt: skip
FAMILY_NAMES = (
    "García", "Fernández", "López", "Martínez", "Pérez", "Gómez", "Ruiz", "Hernández", "Jiménez", "Díaz", "Moreno",
    "Muñoz", "Álvarez", "Romero", "Alonso", "Gutiérrez", "Navarro", "Torres", "Domínguez", "Vázquez", "Ramos", "Núñez",
)  # fmt: skip
REASONS = ("Café frío", "Producto equivocado", "Pan quemado", "Cobro duplicado", "Cliente insatisfecho")
