"""New products of tills mapped to the tenants' catalogs, after the models that name them."""

import dagster as dg

from assets.keys import MAPPING_KEY, OWNERS
from pos_pipeline.catalog.runs import map_waiting
from pos_pipeline.services import Services


def build_mapping(products: dg.AssetKey) -> dg.AssetsDefinition:
    """The mapping step: `products` is the model whose new rows are matched."""

    @dg.asset(
        key=MAPPING_KEY,
        description=(
            "Which product of a tenant's catalog a product of a till is: by the till's id, then SKU or bar code, then "
            "name. Links only what leaves no question (AUTO_MAPPING_CONFIDENCE_THRESHOLD), suggests the rest to "
            "people, never undoes what they have said. Looks at tenants with new products or a changed catalog."
        ),
        deps=[products],
        group_name="mapping",
        kinds={"python", "postgres"},
        owners=OWNERS,
        metadata={"dagster/table_name": "pos.product_mappings"},
    )
    def product_mappings(
        context: dg.AssetExecutionContext, services: dg.ResourceParam[Services]
    ) -> dg.MaterializeResult:
        result = map_waiting(services)
        for tenant_id, error in result.failures:
            context.log.error("tenant %s was not mapped: %s", tenant_id, error)
        return dg.MaterializeResult(
            metadata={
                "tenants": result.tenants,
                "tenants_failed": len(result.failures),
                "unmapped_before": result.total_unmapped,
                "mapped": result.mapped,
                "high_confidence": result.high_confidence,
                "left_to_people": result.total_unmapped - result.mapped,
                "note": result.note,
            }
        )

    return product_mappings
