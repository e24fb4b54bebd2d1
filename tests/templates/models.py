"""What properties Azure's resources have, by the models of Azure's own Python SDKs."""

import importlib
import typing
from enum import Enum
from functools import cache

KINDS = {
    "Microsoft.Authorization/roleAssignments": ("authorization", "RoleAssignmentCreateParameters"),
    "Microsoft.Authorization/roleDefinitions": ("authorization", "RoleDefinition"),
    "Microsoft.DBforPostgreSQL/flexibleServers": ("postgresqlflexibleservers", "Server"),
    "Microsoft.DBforPostgreSQL/flexibleServers/databases": ("postgresqlflexibleservers", "Database"),
    "Microsoft.Insights/actionGroups": ("monitor", "ActionGroupResource"),
    "Microsoft.Insights/components": ("applicationinsights", "ApplicationInsightsComponent"),
    "Microsoft.Insights/scheduledQueryRules": ("monitor", "ScheduledQueryRuleResource"),
    "Microsoft.KeyVault/vaults": ("keyvault", "Vault"),
    "Microsoft.KeyVault/vaults/secrets": ("keyvault", "Secret"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("msi", "Identity"),
    "Microsoft.Network/networkSecurityGroups": ("network", "NetworkSecurityGroup"),
    "Microsoft.Network/privateDnsZones": ("privatedns", "PrivateZone"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ("privatedns", "VirtualNetworkLink"),
    "Microsoft.Network/virtualNetworks": ("network", "VirtualNetwork"),
    "Microsoft.Network/virtualNetworks/subnets": ("network", "Subnet"),
    "Microsoft.OperationalInsights/workspaces": ("loganalytics", "Workspace"),
    "Microsoft.Resources/resourceGroups": ("resource.resources", "ResourceGroup"),
    "Microsoft.Storage/storageAccounts": ("storage", "StorageAccountCreateParameters"),
    "Microsoft.Web/serverfarms": ("web", "AppServicePlan"),
    "Microsoft.Web/sites": ("web", "Site"),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": ("web", "CsmPublishingCredentialsPoliciesEntity"),
}

SCALARS = {str: str, int: int, float: (int, float), bool: bool}


class ModelError(Exception):
    """What Azure would not take."""


def check(kind, body):
    """That Azure's models know every property of this resource, and its value's type."""
    in_body = {name: value for name, value in body.items() if name != "name"}
    _check(_model(kind), in_body, "")


def find(kind, path):
    """That Azure's model has a property of this path."""
    shape, so_far = _model(kind), []
    for name in path:
        so_far.append(name)
        fields = shape if isinstance(shape, Flat) else _fields(shape) if isinstance(shape, Model) else {}
        shape = fields.get(name)
        if name not in fields:
            raise ModelError(f"{kind} has no {'.'.join(so_far)}")


class Model:
    """A class of the SDKs, with its properties by the names that Azure has for them."""

    def __init__(self, module, cls):
        self.module, self.cls = module, cls


@cache
def _model(kind):
    if kind not in KINDS:
        raise ModelError(f"{kind} is not known; name its model in models.py")
    package, name = KINDS[kind]
    module = importlib.import_module(f"azure.mgmt.{package}.models")
    return Model(module, getattr(module, name))


@cache
def _fields(model):
    """Each property's shape: a model, a type, `[shape]` for a list, `{str: shape}` for a map, `None` for anything."""
    if hasattr(model.cls, "_attribute_map"):
        return _old_fields(model)
    model.cls()  # The first of its kind works out the names.
    names = vars(typing) | vars(model.module) | {"_models": model.module}
    names["datetime"] = importlib.import_module("datetime")
    hints = typing.get_type_hints(model.cls, globalns=names)
    fields = {field._rest_name: attribute for attribute, field in model.cls._attr_to_rest_field.items()}
    return {name: _shape(model, hints.get(attribute)) for name, attribute in fields.items()}


def _shape(model, hint):
    inner = [one for one in typing.get_args(hint) if one is not type(None)]
    match typing.get_origin(hint):
        case typing.Union:
            enums = [one for one in inner if isinstance(one, type) and issubclass(one, Enum)]
            return enums[0] if enums else _shape(model, inner[0])
        case origin if origin is list:
            return [_shape(model, inner[0])]
        case origin if origin is dict:
            return {str: _shape(model, inner[1])}
    if isinstance(hint, type) and hint not in SCALARS and not issubclass(hint, Enum):
        return Model(model.module, hint) if hint.__module__.startswith("azure.") else None
    return hint


def _old_fields(model):
    """Those of older SDKs, which know properties by paths such as `properties.roleName`."""
    scalars = {"str": str, "int": int, "float": float, "bool": bool}

    def shape(text):
        match text[0]:
            case "[":
                return [shape(text[1:-1])]
            case "{":
                return {str: shape(text[1:-1])}
        cls = getattr(model.module, text, None)
        return Model(model.module, cls) if cls else scalars.get(text)

    fields = {}
    for field in model.cls._attribute_map.values():
        *outer, last = field["key"].replace(r"\.", "\0").split(".")
        inside = fields
        for name in outer:
            inside = inside.setdefault(name, Flat())
        inside[last.replace("\0", ".")] = shape(field["type"])
    return fields


class Flat(dict):
    """Properties that an older SDK has beside those of the resource itself."""


def _check(shape, value, path):
    if isinstance(value, str) and value.startswith("<"):
        return
    if isinstance(shape, Model | Flat):
        if not isinstance(value, dict):
            raise ModelError(f"{path} must be an object")
        fields = shape if isinstance(shape, Flat) else _fields(shape)
        for name, inner in value.items():
            if name not in fields:
                known = ", ".join(sorted(fields))
                raise ModelError(f"there is no {path}{name}; there are {known}")
            _check(fields[name], inner, f"{path}{name}.")
        return
    where = path.rstrip(".")
    match shape:
        case [inner]:
            if not isinstance(value, list):
                raise ModelError(f"{where} must be a list")
            for one in value:
                _check(inner, one, f"{where}[].")
        case dict() if shape:
            if not isinstance(value, dict):
                raise ModelError(f"{where} must be a map")
            for one in value.values():
                _check(shape[str], one, f"{where}{{}}.")
        case type() if issubclass(shape, Enum):
            allowed = [member.value for member in shape]
            if value not in allowed:
                raise ModelError(f"{where} cannot be {value!r}, but {', '.join(map(str, allowed))}")
        case type():
            fits = isinstance(value, SCALARS[shape]) and (shape is bool) == isinstance(value, bool)
            if shape in SCALARS and not fits:
                raise ModelError(f"{where} cannot be {value!r}")
