"""OCPI 2.2.1: charging profiles, their requests and results."""

from hub.models.types import DateTime, Number, OcpiObject, Url
from hub.models.v221.enums import ChargingProfileResponseType, ChargingProfileResultType, ChargingRateUnit


class ChargingProfileResponse(OcpiObject):
    """OCPI 2.2.1, ChargingProfiles, ChargingProfileResponse."""

    result: ChargingProfileResponseType
    timeout: int


class ChargingProfilePeriod(OcpiObject):
    """OCPI 2.2.1, ChargingProfiles, ChargingProfilePeriod."""

    start_period: int
    limit: Number


class ChargingProfile(OcpiObject):
    """OCPI 2.2.1, ChargingProfiles, ChargingProfile."""

    start_date_time: DateTime | None = None
    duration: int | None = None
    charging_rate_unit: ChargingRateUnit
    min_charging_rate: Number | None = None
    charging_profile_period: list[ChargingProfilePeriod] | None = None


class ActiveChargingProfile(OcpiObject):
    """OCPI 2.2.1, ChargingProfiles, ActiveChargingProfile."""

    start_date_time: DateTime
    charging_profile: ChargingProfile


class ActiveChargingProfileResult(OcpiObject):
    """OCPI 2.2.1, ChargingProfiles, ActiveChargingProfileResult."""

    result: ChargingProfileResultType
    profile: ActiveChargingProfile | None = None


class ChargingProfileResult(OcpiObject):
    """OCPI 2.2.1, ChargingProfiles, ChargingProfileResult."""

    result: ChargingProfileResultType


class ClearProfileResult(OcpiObject):
    """OCPI 2.2.1, ChargingProfiles, ClearProfileResult."""

    result: ChargingProfileResultType


class SetChargingProfile(OcpiObject):
    """OCPI 2.2.1, ChargingProfiles, SetChargingProfile."""

    charging_profile: ChargingProfile
    response_url: Url
