"""Where the emulator (ministack 1.5.33) differs from AWS, and what is done about it here. All of it, and only here.

Dealt with below:

- Resources that it does not know fail a deployment. They are taken out (`refused`), and nothing else is.
- It drops the OpenAPI body of an HTTP API. `create_routes` reads that body from the stack and makes its routes one by one.
- It asks for `ses:SendEmail` on all resources where SES asks for the sender's identity: `allow_sending`.
- It answers an API at a path of its own, which takes the place of the API's host name: `api_url`.

Not dealt with; so no test of a deployed stack can show these:

- IAM. Policies are enforced: every function acts as its role, and a missing action or resource is denied, in transactions
  too. But `dynamodb:LeadingKeys` is never set, so that conditions on it always hold, and signatures are not checked.
- Invoke permissions and the policies of queues and buses are not asked when a service of AWS calls another.
- A stream goes on after a batch whatever `batchItemFailures` says. A queue heeds it. A function that fails as a whole is
  invoked again with the same batch.
- An alias leads to its version, but without the weights of a gradual deployment. An update of a function ends the
  processes of `$LATEST` in the middle of their work, which AWS does not; those of published versions live on.
- SAM is translated without values of parameters: a new version needs new code.
- `%2F` in a path is decoded before a route is looked for, every answer has a `content-type`, and a function's invocation
  begins a trace of its own whatever `X-Amzn-Trace-Id` the request has.
- Throttling of routes, access logs, alarms, X-Ray, encryption and backups are stored settings without effect.
- User pools have no post-confirmation trigger.
- Architecture, memory and CPU: functions are processes of this machine, and times say nothing about AWS.
"""

import json
import re

UNKNOWN = {
    "AWS::Events::EventBusPolicy": "decides who else may put events, which the emulator would not ask anyway",
    "AWS::CodeDeploy::Application": "shifts traffic between versions; an alias here has one",
    "AWS::CodeDeploy::DeploymentGroup": "the same",
}


def known(template):
    """The template without what the emulator refuses, and of each thing left out why."""
    gone = {name: why for name, resource in template["Resources"].items() if (why := refused(resource))}
    resources = {name: r for name, r in template["Resources"].items() if name not in gone}
    outputs = {name: o for name, o in template.get("Outputs", {}).items() if not references(o) & gone.keys()}
    return template | {"Resources": resources, "Outputs": outputs}, gone


def refused(resource):
    """Why the emulator does not take a resource, or None."""
    if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
        return "an alarm on metric math; there are no metrics that it could watch either"
    return UNKNOWN.get(resource["Type"])


def references(value):
    """Names that stand in a Ref, a GetAtt or a Sub anywhere in a value."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(references, value.values()))
    for name in ("Ref", "Fn::GetAtt", "Fn::Sub"):
        target = value.get(name)
        if isinstance(target, str):
            found.update(re.findall(r"\$\{(\w+)", target) if name == "Fn::Sub" else [target.split(".")[0]])
        elif isinstance(target, list):
            found.update(part for part in target[:1] if isinstance(part, str))
    return found


def create_routes(emulator, stack_name, names):
    """Gives the stack's HTTP API the routes of its body, if it has none. Their integrations are left as they are."""
    processed = emulator.client("cloudformation").get_template(StackName=stack_name, TemplateStage="Processed")
    template = processed["TemplateBody"]
    template = json.loads(template) if isinstance(template, str) else template
    gateway = emulator.client("apigatewayv2")
    for api, resource in template["Resources"].items():
        if resource["Type"] != "AWS::ApiGatewayV2::Api":
            continue
        existing = {route["RouteKey"] for route in gateway.get_routes(ApiId=names[api], MaxResults="500")["Items"]}
        for path, methods in resource["Properties"]["Body"]["paths"].items():
            for method, operation in methods.items():
                key = f"{method.upper()} {path}"
                if key not in existing:
                    create_route(gateway, names, names[api], key, operation["x-amazon-apigateway-integration"])


def create_route(gateway, names, api, key, integration):
    if (integration["type"].upper(), integration["payloadFormatVersion"]) != ("AWS_PROXY", "2.0"):
        raise ValueError(f"{key}: not an integration of this template's kind: {integration}")
    [target] = re.findall(r"/functions/\$\{([\w.]+)\}/invocations", json.dumps(integration["uri"]))
    # An alias is called by its ARN, a function by its name.
    made = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=names[target.removesuffix(".Arn")],
        PayloadFormatVersion="2.0",
    )
    gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{made['IntegrationId']}")


def allow_sending(emulator, names):
    """Widens `ses:SendEmail` to every resource, for the roles that have it."""
    iam = emulator.client("iam")
    for role in (physical for name, physical in names.items() if name.endswith("Role")):
        policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in policies]
        if "ses:SendEmail" in json.dumps(documents):
            statement = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=role, PolicyName="emulator", PolicyDocument=document)


def api_url(emulator, api):
    """Base URL of an API on its stage `$default`, without a trailing slash."""
    return f"{emulator.endpoint}/_aws/execute-api/{api}"


def reconfigure(functions, name, variables):
    """Gives a function another environment, at once: publishes it, and the aliases follow."""
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    aliases = functions.list_aliases(FunctionName=name)["Aliases"]
    if aliases:
        version = functions.publish_version(FunctionName=name)["Version"]
        for alias in aliases:
            functions.update_alias(FunctionName=name, Name=alias["Name"], FunctionVersion=version)
