"""What a Bicep file comes to with given parameters: its resources and outputs, all names resolved.

Covers what the templates here use of the language, and refuses everything else: an unknown function, symbol, parameter or
property is an error with its line. References to what only Azure knows become texts like `<insights.properties.ConnectionString>`.
"""

import hashlib
import json
import re
from pathlib import Path
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import tree_sitter_bicep
from tree_sitter import Language, Parser

import models

PARSER = Parser(Language(tree_sitter_bicep.language()))
ESCAPES = {r"\'": "'", r"\\": "\\", r"\n": "\n", r"\$": "$"}


class BicepError(Exception):
    """What is wrong, and where."""


class Azure:
    """What the functions of scope say of the Azure that is deployed to."""

    def __init__(self, cloud="AzureCloud", tenant=str(uuid5(NAMESPACE_URL, "tenant"))):
        self.cloud = cloud
        self.tenant = tenant
        self.subscription = str(uuid5(NAMESPACE_URL, "subscription"))
        self.location = "westeurope"


class Resource:
    """A resource that is declared, as others see it."""

    def __init__(self, symbol, kind, version, body, existing, children):
        self.symbol, self.kind, self.version, self.body, self.existing = symbol, kind, version, body, existing
        self.children = children

    def member(self, path):
        match path:
            case ["id"]:
                return f"/{self.kind}/{self.body['name']}"
            case ["name"]:
                return self.body["name"]
            case ["properties", *_]:
                models.find(self.kind, path)
                return self.given(path) or f"<{self.symbol}.{'.'.join(path)}>"
        raise BicepError(f"{self.symbol} has no {'.'.join(path)}")

    def given(self, path):
        value = self.body
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


class Module:
    def __init__(self, file):
        self.file = file

    def member(self, path):
        if path[0] != "outputs" or len(path) < 2 or path[1] not in self.file.outputs:
            raise BicepError(f"the module {self.file.path.name} has no {'.'.join(path)}")
        return self.file.outputs[path[1]]


class File:
    """One file with its parameters; `resources` and `outputs` are what it comes to, modules included."""

    def __init__(self, path, parameters, azure=None):
        self.path, self.azure = Path(path), azure or Azure()
        source = self.path.read_bytes()
        tree = PARSER.parse(source)
        self._refuse_errors(tree.root_node)
        self.declarations, self.values, self.used, self.busy = {}, {}, set(), set()
        self.resources = []
        decorators = []
        for node in tree.root_node.named_children:
            match node.type:
                case "decorators":
                    decorators = [child.named_children[0] for child in node.named_children]
                    continue
                case "comment" | "target_scope_assignment":
                    continue
            self._declare(node, decorators)
            decorators = []
        self._take(parameters)
        for symbol in self.declarations:
            if symbol[0] != "output":
                self._symbol(symbol[1], {}, None, declared_here=True)
        self.outputs = {
            name: self._evaluate(node.named_children[-1], {})
            for (sort, name), (node, _) in self.declarations.items()
            if sort == "output"
        }
        for (sort, name), (node, _) in self.declarations.items():
            if sort in ("parameter", "variable") and name not in self.used:
                raise self._error(node, f"{name} is never used")

    def _error(self, node, message):
        return BicepError(f"{self.path.name}:{node.start_point.row + 1}: {message}")

    def _refuse_errors(self, node):
        if node.is_error or node.is_missing:
            raise self._error(node, f"this is no Bicep: {node.text.decode()[:60]!r}")
        for child in node.children:
            if node.has_error:
                self._refuse_errors(child)

    def _declare(self, node, decorators):
        sort = node.type.removesuffix("_declaration")
        name = node.named_children[0].text.decode()
        space = "output" if sort == "output" else sort
        taken = any(other == name and (sort == "output") == (space_of == "output") for space_of, other in self.declarations)
        if taken:
            raise self._error(node, f"{name} is declared twice")
        self.declarations[(space, name)] = (node, decorators)

    def _take(self, parameters):
        declared = {name for sort, name in self.declarations if sort == "parameter"}
        if unknown := set(parameters) - declared:
            raise BicepError(f"{self.path.name} has no parameter {', '.join(sorted(unknown))}")
        for (sort, name), (node, decorators) in self.declarations.items():
            if sort != "parameter":
                continue
            default = node.named_children[2:]
            if name in parameters:
                value = parameters[name]
            elif default:
                value = self._evaluate(default[0], {})
            else:
                raise self._error(node, f"the parameter {name} is missing")
            self._check(node, name, value, node.named_children[1].text.decode(), decorators)
            self.values[name] = value

    def _check(self, node, name, value, sort, decorators):
        expected = {"string": str, "int": int, "bool": bool, "array": list, "object": dict}[sort]
        wrong = not isinstance(value, expected) or (expected is int and isinstance(value, bool))
        size = value if isinstance(value, int) else len(value)
        for call in decorators:
            arguments = [self._evaluate(argument, {}) for argument in call.child_by_field_name("arguments").named_children]
            match call.child_by_field_name("function").text.decode():
                case "allowed":
                    wrong |= value not in arguments[0]
                case "minLength" | "minValue":
                    wrong |= size < arguments[0]
                case "maxLength" | "maxValue":
                    wrong |= size > arguments[0]
                case "description" | "secure":
                    pass
                case other:
                    raise self._error(call, f"@{other} is not known")
        if wrong:
            raise self._error(node, f"{name} cannot be {value!r}")

    # ---- Symbols ----

    def _symbol(self, name, local, node, declared_here=False):
        if name in local:
            return local[name]
        if not declared_here:
            self.used.add(name)
        if name in self.values:
            return self.values[name]
        for sort in ("variable", "resource", "module"):
            if (sort, name) in self.declarations:
                break
        else:
            raise self._error(node, f"{name} is not declared")
        if name in self.busy:
            raise self._error(node, f"{name} refers to itself")
        self.busy.add(name)
        declaration = self.declarations[(sort, name)][0]
        match sort:
            case "variable":
                value = self._evaluate(declaration.named_children[-1], {})
            case "resource":
                value = self._resource(declaration, None)
            case "module":
                value = self._module(declaration)
        self.busy.discard(name)
        self.values[name] = value
        return value

    def _resource(self, node, parent):
        symbol, kind = (child.text.decode() for child in node.named_children[:2])
        kind, _, version = kind.strip("'").partition("@")
        body_node = node.named_children[2]
        if body_node.type == "if_statement":
            condition, body_node = body_node.named_children
            self._evaluate(condition.named_children[0], {})
        if parent:
            kind, version = f"{parent.kind}/{kind}", version or parent.version
        if not re.fullmatch(r"\d{4}-\d\d-\d\d(-preview)?", version):
            raise self._error(node, f"{symbol} has no api-version")
        existing = any(child.type == "existing" for child in node.children)
        resource = Resource(symbol, kind, version, {}, existing, {})
        self.values.setdefault(symbol, resource) if not parent else None
        nested = []
        for child in body_node.named_children:
            inner = child.named_children[0] if child.type == "object_property" else child
            if inner.type == "resource_declaration":
                nested.append(inner)
            elif child.type != "comment":
                resource.body.update([self._property(child, {})])
        for child in nested:
            inside = self._resource(child, resource)
            resource.children[inside.symbol] = inside
        if not existing:
            try:
                models.check(kind, self._without_links(resource.body))
            except models.ModelError as error:
                raise self._error(node, f"{symbol}: {error}") from None
            self.resources.append(resource)
        return resource

    @staticmethod
    def _without_links(body):
        return {name: value for name, value in body.items() if name not in ("parent", "scope", "dependsOn")}

    def _module(self, node):
        path = self.path.with_name(self._evaluate(node.named_children[1], {}))
        if not path.is_file():
            raise self._error(node, f"there is no {path.name}")
        body, rounds = node.named_children[2], [{}]
        if body.type == "for_statement":
            item = body.child_by_field_name("initializer").text.decode()
            rounds = [{item: value} for value in self._evaluate(body.named_children[1], {})]
            body = body.child_by_field_name("body")
        module = None
        for local in rounds:
            settings = self._evaluate(body, local)
            if unknown := set(settings) - {"name", "scope", "params", "dependsOn"}:
                raise self._error(node, f"a module has no {', '.join(unknown)}")
            file = File(path, settings.get("params", {}), self.azure)
            self.resources += file.resources
            module = Module(file)
        return module

    # ---- Expressions ----

    def _property(self, node, local):
        key, value = node.named_children
        name = self._evaluate(key, local) if key.type == "string" else key.text.decode()
        return name, self._evaluate(value, local)

    def _evaluate(self, node, local):
        children = [child for child in node.named_children if child.type != "comment"]
        match node.type:
            case "string":
                return "".join(self._part(child, local) for child in children)
            case "number":
                return int(node.text)
            case "boolean":
                return node.text == b"true"
            case "identifier":
                return self._symbol(node.text.decode(), local, node)
            case "object":
                return dict(self._property(child, local) for child in children)
            case "array":
                return [self._evaluate(child, local) for child in children]
            case "parenthesized_expression":
                return self._evaluate(children[0], local)
            case "unary_expression":
                return not self._evaluate(node.child_by_field_name("argument"), local)
            case "ternary_expression":
                fields = ("condition", "consequence", "alternative")
                condition, yes, no = (self._evaluate(node.child_by_field_name(field), local) for field in fields)
                return yes if condition else no
            case "for_statement":
                item, body = node.child_by_field_name("initializer").text.decode(), node.child_by_field_name("body")
                return [self._evaluate(body, {**local, item: value}) for value in self._evaluate(children[1], local)]
            case "resource_expression":
                inside = self._evaluate(children[0], local).children
                if (name := children[1].text.decode()) not in inside:
                    raise self._error(node, f"it holds no {name}")
                return inside[name]
            case "subscript_expression":
                key = self._evaluate(node.child_by_field_name("index"), local)
                return self._member(node, self._evaluate(node.child_by_field_name("object"), local), [key])
            case "member_expression":
                return self._path(node, local)
            case "call_expression":
                return self._call(node, local)
        raise self._error(node, f"{node.type} is not known")

    def _part(self, node, local):
        match node.type:
            case "string_content":
                return node.text.decode()
            case "escape_sequence":
                return ESCAPES[node.text.decode()]
        value = self._evaluate(node.named_children[0], local)
        if not isinstance(value, str | int):
            raise self._error(node, "only texts and numbers stand within a text")
        return str(value)

    def _path(self, node, local):
        path = []
        while node.type == "member_expression":
            path.insert(0, node.child_by_field_name("property").text.decode())
            node = node.child_by_field_name("object")
        return self._member(node, self._evaluate(node, local), path)

    def _member(self, node, value, path):
        try:
            if isinstance(value, Resource | Module):
                return value.member(path)
            for name in path:
                value = value[name]
            return value
        except (KeyError, TypeError):
            raise self._error(node, f"there is no {'.'.join(path)}") from None
        except (BicepError, models.ModelError) as error:
            raise self._error(node, error) from None

    def _call(self, node, local):
        name = node.child_by_field_name("function").text.decode()
        given = [self._evaluate(child, local) for child in node.child_by_field_name("arguments").named_children]
        azure = self.azure
        texts = "|".join(str(value) for value in given)
        match name, given:
            case "guid", [_, *_]:
                return str(uuid5(NAMESPACE_URL, texts))
            case "uniqueString", [_, *_]:
                return hashlib.sha256(texts.encode()).hexdigest()[:13]
            case "tenant", []:
                return {"tenantId": azure.tenant}
            case "subscription", []:
                return {"subscriptionId": azure.subscription, "id": f"/subscriptions/{azure.subscription}"}
            case "subscription", [str(other)]:
                return {"subscriptionId": other, "id": f"/subscriptions/{other}"}
            case "resourceGroup", []:
                return {"id": f"/subscriptions/{azure.subscription}/resourceGroups/group"}
            case "deployment", []:
                return {"location": azure.location}
            case "environment", []:
                return {"name": azure.cloud}
            case "subscriptionResourceId", [str(kind), str(resource)]:
                return f"/subscriptions/{azure.subscription}/providers/{kind}/{resource}"
            case "array", [value]:
                return value if isinstance(value, list) else [value]
            case "union", [list(one), list(other)]:
                return one + [value for value in other if value not in one]
            case "join", [list(values), str(between)]:
                return between.join(values)
            case "empty", [value]:
                return not value
            case "startsWith", [str(value), str(start)]:
                return value.lower().startswith(start.lower())
            case "uriComponent", [str(value)]:
                return quote(value, safe="")
            case "loadJsonContent", [str(file), str(path)]:
                value = json.loads(self.path.with_name(file).read_text())
                return self._member(node, value, path.removeprefix("$.").split("."))
        raise self._error(node, f"{name} is not known with {len(given)} arguments")
