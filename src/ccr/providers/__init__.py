"""Configured endpoints: where they are, which language they speak, what is known of their models."""

from ccr.providers.catalogue import flags_of
from ccr.providers.provider import DialectName, ModelLimits, Provider, Timeouts

__all__ = ["DialectName", "ModelLimits", "Provider", "Timeouts", "flags_of"]
