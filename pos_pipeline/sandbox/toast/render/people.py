"""Restaurants, their employees, and their rows in the partners API."""

from pos_pipeline.sandbox.shop.clock import DAY, MILLISECOND
from pos_pipeline.sandbox.shop.records import Cashier
from pos_pipeline.sandbox.toast.closeout import CLOSEOUT_HOUR
from pos_pipeline.sandbox.toast.connections import Connection
from pos_pipeline.sandbox.toast.render.context import Context
from pos_pipeline.sandbox.toast.wire import NEVER, Json, envelope_stamp, stamp


def render_restaurant(context: Context, *, is_active: bool) -> Json:
    """One restaurant; one that closed for good is archived."""
    spec, location = context.merchant.spec, context.location
    return {
        "guid": context.restaurant_guid,
        "general": {
            "name": spec.name,
            "locationName": location.name,
            "locationCode": location.key,
            "description": "",
            "timeZone": location.timezone,
            "closeoutHour": CLOSEOUT_HOUR,
            "managementGroupGuid": context.group_guid,
            "currencyCode": spec.currency,
            "firstBusinessDate": context.business_date(context.merchant.opened_at + DAY // 2),
            "archived": not is_active,
        },
        "urls": {"website": None, "facebook": None, "twitter": None, "orderOnline": None, "purchaseGiftCard": None},
        "location": {
            "address1": "Calle Mayor 1",
            "address2": None,
            "city": location.city,
            "stateCode": None,
            "administrativeArea": None,
            "zipCode": "00000",
            "country": spec.country,
            "phone": None,
            "latitude": None,
            "longitude": None,
        },
        "schedules": {"daySchedules": {}, "weekSchedule": {}},
        "delivery": {"enabled": False, "minimum": None, "area": None},
        "onlineOrdering": {"enabled": False, "scheduling": False, "specialRequests": False, "paymentOptions": {}},
        "prepTimes": {"deliveryPrepTime": None, "takeoutPrepTime": None},
    }


def render_employee(context: Context, cashier: Cashier) -> Json:
    """One employee; those who left are deleted and still listed."""
    left = context.merchant.opened_at - DAY
    return context.ref("user", "RestaurantUser", cashier.key) | {
        "firstName": cashier.given_name,
        "chosenName": None,
        "lastName": cashier.family_name,
        "email": None,
        "phoneNumber": None,
        "externalEmployeeId": None,
        "deleted": not cashier.is_active,
        "deletedDate": NEVER if cashier.is_active else stamp(left),
        "createdDate": stamp(cashier.since),
        "modifiedDate": stamp(cashier.since if cashier.is_active else left),
        "jobReferences": [],
        "wageOverrides": [],
        "v2EmployeeGuid": context.guid("employee", cashier.key),
    }


def render_partner_row(context: Context, connection: Connection, *, deleted: bool = False) -> Json:
    """A restaurant as the partners API and its webhooks show it; times as milliseconds and as text."""
    spec, location = context.merchant.spec, context.location
    return {
        "restaurantGuid": context.restaurant_guid,
        "managementGroupGuid": context.group_guid,
        "deleted": deleted,
        "restaurantName": spec.name,
        "locationName": location.name,
        "createdByEmailAddress": f"gerencia@{spec.key}.example",
        "createdByFirstName": "Gerencia",
        "createdByLastName": spec.name,
        "createdByPhoneNumber": None,
        "externalGroupRef": connection.external_group_ref,
        "externalRestaurantRef": connection.external_restaurant_ref,
        "createdDate": connection.created_ms,
        "modifiedDate": connection.modified_ms,
        "isoCreatedDate": envelope_stamp(connection.created_ms * MILLISECOND),
        "isoModifiedDate": envelope_stamp(connection.modified_ms * MILLISECOND),
        "restaurantPhoneNumber": None,
        "restaurantAddressLine1": "Calle Mayor 1",
        "restaurantAddressLine2": None,
        "restaurantCity": location.city,
        "restaurantState": None,
        "restaurantZipCode": "00000",
        "restaurantLatitude": None,
        "restaurantLongitude": None,
        "restaurantCountryCode": spec.country,
        "restaurantTimezone": location.timezone,
        "scopes": sorted(connection.scopes),
    }
