"""The deployment templates before Azure and AWS see them: `run.py POSTERN AZ [part of a case's name]`.

POSTERN is the program, which reads the configuration that each template gives it, AZ that of Azure. One line for each case, `ok NAME` or
`FAILED NAME: why`; the exit code is 0 if no case failed.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import bicep
import models
import sam

HERE = Path(__file__).parent
INFRA = HERE.parent.parent / "infra"
BAD = HERE / "bad"
CASES = []
POSTERN, AZ = sys.argv[1:3] if len(sys.argv) > 2 else ("", "")

GUID = "11111111-2222-4333-8444-555555555555"
OTHER = "66666666-7777-4888-9999-aaaaaaaaaaaa"
COOKIE_KEY = "A" * 86 + "=="
AZURE = {
    "name": "postern-demo",
    "clientId": GUID,
    "clientSecret": "a-client-secret-of-a-test",
    "cookieKey": COOKIE_KEY,
    "databasePassword": "p/w:d@" * 5,
    "subscriptions": [GUID, OTHER],
}
AWS = {"Tenant": GUID, "ClientId": GUID, "Subscriptions": f"{GUID},{OTHER}", "Contact": "ops@contoso.example"}
# What only AWS knows.
AWS_KNOWS = {
    "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com",
    "HttpApi": "abcde12345",
    "Sweep.Arn": "arn:aws:lambda:eu-west-1:123456789012:function:postern-Sweep-ABC",
    "OneShotRole.Arn": "arn:aws:iam::123456789012:role/postern-OneShotRole-ABC",
    "OneShots": "postern",
    "DatabaseProxy.Endpoint": "postern.proxy-abc.eu-west-1.rds.amazonaws.com",
    "EntraSecret": "entra",
    "DatabaseSecret": "database",
    "CookieSecret": "cookie",
    "secret entra": "a-client-secret-of-a-test",
    "secret database": '{"username": "postern", "password": "a1B2c3D4e5"}',
    "secret cookie": "x" * 85,
}
# What AWS gives to each function.
AWS_GIVES = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "y"}


def case(function):
    CASES.append(function)
    return function


# ---- AWS ----


def template():
    return sam.Template(INFRA / "aws" / "template.yaml")


@case
def the_sam_template_expands_and_is_clean():
    assert template().complaints() == [], template().complaints()


@case
def a_sam_template_with_a_missing_resource_is_refused():
    complaints = sam.Template(BAD / "missing-resource.yaml").complaints()
    assert any("Nowhere" in complaint for complaint in complaints), complaints


@case
def a_sam_template_with_an_unknown_runtime_is_refused():
    complaints = sam.Template(BAD / "unknown-runtime.yaml").complaints()
    assert any("provided.al2099" in complaint for complaint in complaints), complaints


@case
def the_sam_template_has_nothing_that_only_some_tools_understand():
    text = (INFRA / "aws" / "template.yaml").read_text()
    # CloudFormation knows neither aliases nor merged maps.
    assert not re.search(r"<<:|^[^#\n]*[:-] [&*]\w+\s*$", text, re.MULTILINE)


@case
def the_functions_of_the_sam_template_are_what_the_build_makes():
    assert template().packages == {
        "Api": "../../target/lambda/arm64/lambda_api.zip",
        "Sweep": "../../target/lambda/arm64/lambda_sweep.zip",
    }, template().packages


@case
def the_sweep_runs_every_minute():
    kinds = {name: one for name, one in template().expanded["Resources"].items() if one["Type"] == "AWS::Scheduler::Schedule"}
    (schedule,) = (one["Properties"] for one in kinds.values())
    assert schedule["ScheduleExpression"] == "rate(1 minute)", schedule
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}, schedule
    assert schedule["Target"]["Arn"] == {"Fn::GetAtt": ["Sweep", "Arn"]}, schedule


@case
def postern_takes_the_configuration_of_the_sam_template():
    for function in ("Api", "Sweep"):
        for cloud in ("public", "us_gov", "china"):
            variables = template().variables(function, {**AWS, "Cloud": cloud}, AWS_KNOWS)
            report = reads({**AWS_GIVES, **variables})
            assert "https://abcde12345.execute-api.eu-west-1.amazonaws.com/" in report, report


@case
def postern_refuses_a_configuration_without_its_secret():
    variables = {**AWS_GIVES, **template().variables("Api", AWS, AWS_KNOWS)}
    del variables["POSTERN_COOKIE_KEY"]
    done = postern_check(variables)
    assert done.returncode != 0 and "POSTERN_COOKIE_KEY" in done.stderr, done


@case
def a_public_url_of_ones_own_is_used():
    given = {**AWS, "Front": "FunctionUrl", "PublicUrl": "https://jit.contoso.example"}
    assert "https://jit.contoso.example/" in reads({**AWS_GIVES, **template().variables("Api", given, AWS_KNOWS)})


@case
def a_grants_end_may_only_invoke_the_sweep():
    resources = template().expanded["Resources"]
    (policy,) = resources["OneShotRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction" and statement["Resource"] == {"Fn::GetAtt": ["Sweep", "Arn"]}, statement
    variables = template().variables("Api", AWS, AWS_KNOWS)
    assert variables["POSTERN_ONE_SHOT_TARGET"] == AWS_KNOWS["Sweep.Arn"], variables
    assert not any("ONE_SHOT" in name for name in template().variables("Sweep", AWS, AWS_KNOWS))


# ---- Azure ----


def azure(parameters=AZURE, cloud="AzureCloud"):
    return bicep.File(INFRA / "azure" / "main.bicep", parameters, bicep.Azure(cloud))


@case
def the_bicep_files_are_whole_and_azure_knows_what_they_name():
    assert len(azure().resources) > 20
    azure({**AZURE, "databaseSize": "Standard_D2ds_v5", "alertAddress": "ops@contoso.example", "instances": 3})


@case
def a_misspelt_property_is_refused():
    fails(BAD / "misspelt-property.bicep", "there is no properties.httpOnly")


@case
def a_value_that_azure_does_not_know_is_refused():
    fails(BAD / "unknown-value.bicep", "ftpsState cannot be 'Never'")


@case
def an_undeclared_name_is_refused():
    fails(BAD / "undeclared-name.bicep", "plan is not declared")


@case
def a_file_that_is_no_bicep_is_refused():
    fails(BAD / "no-bicep.bicep", "this is no Bicep")


@case
def parameters_that_are_out_of_range_are_refused():
    for parameters, name in (({"name": "ab"}, "name"), ({"planSize": "F1"}, "planSize"), ({"subscriptions": []}, "subscriptions")):
        try:
            azure({**AZURE, **parameters})
        except bicep.BicepError as error:
            assert f"{name} cannot be" in str(error), error
        else:
            raise AssertionError(f"{parameters} was taken")


@case
def postern_takes_the_configuration_of_the_bicep_files_in_each_cloud():
    hosts = {"AzureCloud": "azurewebsites.net", "AzureUSGovernment": "azurewebsites.us", "AzureChinaCloud": "chinacloudsites.cn"}
    for cloud, suffix in hosts.items():
        report = reads(app_settings(azure(cloud=cloud)))
        assert f"https://postern-demo.{suffix}/" in report, report


@case
def the_identity_gets_its_role_and_no_other_in_each_subscription():
    resources = azure().resources
    (role,) = (one.body for one in resources if one.kind == "Microsoft.Authorization/roleDefinitions")
    given = json.loads((INFRA / "azure" / "postern-role.json").read_text())
    assert role["properties"]["permissions"] == [{"actions": given["Actions"], "notActions": []}]
    assigned = [one.body["properties"] for one in resources if one.symbol == "assignment"]
    assert [one["roleDefinitionId"].endswith(role["name"]) for one in assigned] == [True, True], assigned
    assert {one["principalId"] for one in assigned} == {"<identity.properties.principalId>"}


@case
def no_secret_stands_in_the_open():
    secrets = [AZURE["clientSecret"], AZURE["cookieKey"], "p%2Fw"]
    for resource in azure().resources:
        if resource.kind != "Microsoft.KeyVault/vaults/secrets":
            text = repr({name: value for name, value in resource.body.items() if name != "dependsOn"})
            if resource.kind == "Microsoft.DBforPostgreSQL/flexibleServers":
                text = text.replace(AZURE["databasePassword"], "", 1)
            assert not any(secret in text for secret in secrets), resource.symbol


def app_settings(file):
    """As the app gets them: references to the vault are resolved."""
    (app,) = (one.body for one in file.resources if one.kind == "Microsoft.Web/sites")
    secrets = {one.symbol: one.body["properties"]["value"] for one in file.resources if one.kind.endswith("vaults/secrets")}
    settings = {}
    for setting in app["properties"]["siteConfig"]["appSettings"]:
        value = setting["value"]
        if reference := re.fullmatch(r"@Microsoft\.KeyVault\(SecretUri=<(\w+)\.properties\.secretUriWithVersion>\)", value):
            value = secrets[reference[1]]
        value = value.replace("<identity.properties.clientId>", OTHER)
        value = value.replace("<database.properties.fullyQualifiedDomainName>", "postern.postgres.database.azure.com")
        settings[setting["name"]] = value
    return settings


# ---- The pages ----


@case
def az_knows_the_commands_of_the_pages():
    commands = [command for page in ("azure", "aws") for command in az_commands(INFRA / page / "README.md")]
    assert len(commands) == 7, commands
    for command, options in commands:
        known = az_options(command)
        assert set(options) <= known, f"az {command} has no {', '.join(set(options) - known)}"


@case
def an_option_that_az_does_not_know_is_refused():
    assert "--frobnicate" not in az_options("ad app update")


@case
def a_deployment_takes_five_commands():
    for page in ("azure", "aws"):
        text = (INFRA / page / "README.md").read_text()
        assert re.findall(r"^(\d)\. ", text, re.MULTILINE) == list("12345")


def az_commands(page):
    """Each call of az on a page: its words, and its options."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        calls = re.sub(r'"\$\((?!az )[^()]*\)"', "", block.replace("\\\n", " "))
        for found in re.finditer(r"\baz ((?:[a-z][a-z-]* )+)(.*?)(?=\| tr|\Z)", calls, re.DOTALL):
            words = found[1].split()
            yield " ".join(words), re.findall(r"(?<!\S)--[a-z-]+", found[2])


def az_options(command):
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "AZURE_CONFIG_DIR": folder, "AZURE_CORE_COLLECT_TELEMETRY": "0"}
        done = subprocess.run([AZ, *command.split(), "--help"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"there is no az {command}"
    return set(re.findall(r"--[a-z-]+", done.stdout))


# ---- Policies ----


@case
def checkov_finds_nothing():
    for folder, framework in (("azure", "bicep"), ("aws", "cloudformation")):
        report = checkov(INFRA / folder, framework)
        failed = [f"{one['check_id']} {one['resource']}" for one in report["results"]["failed_checks"]]
        assert not failed and report["summary"]["passed"] > 30, failed
        assert report["summary"]["parsing_errors"] == 0


@case
def checkov_finds_a_port_that_is_open_to_the_internet():
    report = checkov(BAD / "open-port", "bicep")
    assert "CKV_AZURE_10" in [one["check_id"] for one in report["results"]["failed_checks"]]


def checkov(folder, framework):
    program = [sys.executable, "-m", "checkov.main", "--directory", str(folder), "--framework", framework]
    done = subprocess.run([*program, "--skip-download", "--output", "json"], capture_output=True, text=True)
    return json.loads(done.stdout)


# ---- What all use ----


def reads(variables):
    """What Postern says of this configuration, which it must take."""
    strange = [name for name, value in variables.items() if not isinstance(value, str) or "<" in value]
    strange = [name for name in strange if name.startswith("POSTERN_")]
    assert not strange, {name: variables[name] for name in strange}
    done = postern_check(variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def postern_check(variables):
    return subprocess.run([POSTERN, "check"], env=variables, capture_output=True, text=True)


def fails(path, why):
    try:
        bicep.File(path, {})
    except (bicep.BicepError, models.ModelError) as error:
        assert why in str(error), error
    else:
        raise AssertionError(f"{path.name} was taken")


def main(part=""):
    failed = 0
    for one in CASES:
        if part not in one.__name__:
            continue
        try:
            one()
            print(f"ok {one.__name__}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED {one.__name__}: {type(error).__name__} {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[3:]))
