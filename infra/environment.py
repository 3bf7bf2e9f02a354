"""A function's environment and parameters, generated from its settings class: what the function
reads and what the deployment writes cannot differ."""

from collections.abc import Mapping

from infra.settings import StageSettings
from shared.contracts.channels import CAPS
from shared.kernel.settings import Settings


class MissingSettingError(ValueError):
    """A function requires settings that the deployment has no value for."""


def provided_values(stage: StageSettings, *, configuration_set: str) -> dict[str, str]:
    """Every plain setting that this deployment knows; each function takes those it declares."""
    return {
        "STAGE": stage.stage,
        "CONFIG_PREFIX": stage.config_prefix,
        "LOG_LEVEL": stage.log_level,
        "QSTASH_URL": stage.qstash_url,
        "QSTASH_WEBHOOK_BASE_URL": stage.webhook_base_url,
        "FLOW_CONTROL": stage.flow_control,
        "REDIS_KEY_PREFIX": stage.redis_key_prefix,
        "ALERT_ADDRESS": stage.alert_address,
        "SENDER_ADDRESS": stage.sender_address,
        "SES_CONFIGURATION_SET": configuration_set,
        "MAX_RETRY_AFTER": str(stage.max_retry_after),
        "SHOP_NAME": stage.shop_name,
        "CURRENCY": stage.currency,
        "SMS_SENDER_ID": stage.sms_sender_id,
        **{cap.setting: str(stage.cap_of(channel)) for channel, cap in CAPS.items()},
        "ORDER_IDS": stage.order_ids,
        "STOREFRONT_AUTH": stage.storefront_auth,
        "CHECKOUT_TRUST": stage.checkout_trust,
        "MAX_UNITS_PER_ORDER": str(stage.max_units_per_order),
        "UNITS_PER_ADDRESS_HOUR": str(stage.units_per_address_hour),
        "UNCONFIRMED_ORDER_SECONDS": str(stage.lapses_after or ""),
        "CHECKOUT_DAYS": str(stage.checkout_days or ""),
        "DEAD_LETTER_DAYS": str(stage.dead_letter_days or ""),
        "OUTSIDE_METRICS": stage.outside_metrics,
    }


def environment_of(
    settings: type[Settings], *, values: Mapping[str, str], table_names: Mapping[str, str]
) -> dict[str, str]:
    """The environment variables that fill this settings class; parameters stay in SSM.

    Raises:
        MissingSettingError: naming every required setting without a value.
    """
    missing = [
        name for name, required in settings.plain().items() if required and not values.get(name)
    ]
    missing += [name for name, table in settings.tables().items() if table not in table_names]
    if missing:
        raise MissingSettingError(
            f"{settings.__name__} requires {', '.join(sorted(missing))}: "
            "give them a value in infra/environment.py"
        )
    plain = {name: values[name] for name in settings.plain() if values.get(name)}
    return plain | {name: table_names[table] for name, table in settings.tables().items()}
