"""The AWS template as CloudFormation gets it, what its validator says of it, and what its functions get to know."""

import json
import logging
import os
from pathlib import Path

import cfnlint.api
from cfnlint.config import ManualArgs
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

REGIONS = ["eu-west-1", "us-east-1"]
# The translator is made for a region, and wants to publish how it was used.
os.environ.setdefault("AWS_DEFAULT_REGION", REGIONS[0])
logging.getLogger("samtranslator").setLevel(logging.ERROR)
FUNCTION = "AWS::Serverless::Function"


class Template:
    def __init__(self, path):
        self.path = Path(path)
        self.source = yaml_parse(self.path.read_text())
        self.packages = {}
        for name, resource in self.source["Resources"].items():
            if resource["Type"] == FUNCTION:
                self.packages[name] = resource["Properties"]["CodeUri"]
                # As it is when it has been uploaded.
                resource["Properties"]["CodeUri"] = f"s3://packages/{name}"
        self.expanded = Translator({}, Parser()).translate(self.source, {})

    def complaints(self):
        """Everything from warnings up, as CloudFormation's linter finds it in the expanded template."""
        text = json.dumps(self.expanded, indent=1)
        matches = cfnlint.api.lint(text, config=ManualArgs(regions=REGIONS))
        return [f"{match.rule.id} {'/'.join(map(str, match.path))}: {match.message}" for match in matches]

    def variables(self, function, parameters, known):
        """The environment of a function; `known` is what only AWS knows, by `Name` or `Name.Attribute`."""
        defaults = {name: given["Default"] for name, given in self.source["Parameters"].items() if "Default" in given}
        values = Values(self.expanded, {**defaults, **parameters, **known})
        given = self.expanded["Resources"][function]["Properties"]["Environment"]["Variables"]
        resolved = {name: values.of(value) for name, value in given.items()}
        return {name: value for name, value in resolved.items() if value is not None}


class Values:
    """CloudFormation's functions, as far as the template uses them."""

    def __init__(self, template, known):
        self.template, self.known = template, known

    def of(self, value):
        if not isinstance(value, dict):
            return value
        ((function, given),) = value.items()
        match function, given:
            case "Ref", "AWS::NoValue":
                return None
            case "Ref", str(name):
                return self.known[name]
            case "Fn::GetAtt", [name, attribute]:
                return self.known[f"{name}.{attribute}"]
            case "Fn::If", [condition, yes, no]:
                return self.of(yes if self.holds({"Condition": condition}) else no)
            case "Fn::Sub", str(text):
                return self.filled(text, {})
            case "Fn::Sub", [str(text), dict(local)]:
                return self.filled(text, {name: self.of(one) for name, one in local.items()})
        raise ValueError(f"{function} is not known")

    def holds(self, condition):
        ((function, given),) = condition.items()
        match function, given:
            case "Condition", name:
                return self.holds(self.template["Conditions"][name])
            case "Fn::Not", [one]:
                return not self.holds(one)
            case "Fn::Equals", [one, other]:
                return self.of(one) == self.of(other)
        raise ValueError(f"{function} is not known")

    def filled(self, text, local):
        for name, value in {**self.known, **local}.items():
            text = text.replace("${" + name + "}", str(value))
        # A secret's own text, or one member of it.
        while "{{resolve:secretsmanager:" in text:
            before, _, rest = text.partition("{{resolve:secretsmanager:")
            reference, _, after = rest.partition("}}")
            secret, _, member = reference.partition(":SecretString")
            value = self.known[f"secret {secret}"]
            text = before + (json.loads(value)[member[1:]] if member else value) + after
        return text
