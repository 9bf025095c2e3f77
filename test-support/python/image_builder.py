"""EC2 Image Builder, as far as a bake needs it: its protocol, and what it keeps. Builds are in image_builds.py."""

import json
import re
import threading
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.validate import ParamValidator
from image_builds import DATE, Builds, Refused

ACCOUNT = "123456789012"

# docs: members that are newer than the model of the pinned botocore, so that it cannot judge them.
NEWER = {"CreateImageRecipe": ["amiTags"]}

class ImageBuilder(Builds):
    def __init__(self):
        self.model = botocore.session.get_session().get_service_model("imagebuilder")
        self.lock = threading.RLock()
        self.tokens = {}
        self.kept = {}
        self.builds = {}
        self.trouble = {}

    def set_trouble(self, trouble):
        self.trouble = trouble
        return True

    # --- The protocol -------------------------------------------------------------------------------------------------

    def answer(self, call, environ, start_response):
        try:
            with self.lock:
                answer = self.serve(call.operation, environ)
            status = "200 OK"
            kind = None
        except Refused as refused:
            answer, status, kind = {"message": refused.message}, f"{refused.status} Refused", refused.code
        text = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
        if kind:
            headers.append(("x-amzn-ErrorType", kind))
        start_response(status, headers)
        return [text]

    def serve(self, operation, environ):
        if operation not in self.model.operation_names:
            raise Refused("UnknownOperationException", operation, 404)
        parameters = self.parameters(operation, environ)
        self.validate(operation, parameters)
        region = re.search(r"Credential=[^/]+/\d+/([^/]+)/", environ["HTTP_AUTHORIZATION"]).group(1)
        token = parameters.get("clientToken")
        if token is None:
            return self.do(operation, parameters, region)
        # docs: the same token with the same parameters is answered as before, with others it is refused.
        key, digest = (operation, token), json.dumps(parameters, sort_keys=True)
        if key in self.tokens:
            before, answer = self.tokens[key]
            if before != digest:
                raise Refused("IdempotentParameterMismatchException", "the token was used with other parameters")
            return answer
        answer = self.do(operation, parameters, region)
        self.tokens[key] = (digest, answer)
        return answer

    def parameters(self, operation, environ):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        parameters = json.loads(environ["wsgi.input"].read(length)) if length else {}
        shape = self.model.operation_model(operation).input_shape
        by_query = {
            member.serialization.get("name", name): name
            for name, member in shape.members.items()
            if member.serialization.get("location") == "querystring"
        }
        for name, value in parse_qsl(environ.get("QUERY_STRING", "")):
            parameters[by_query[name]] = value
        if operation == "ListTagsForResource":
            parameters["resourceArn"] = unquote(environ["PATH_INFO"].removeprefix("/tags/"))
        return parameters

    def validate(self, operation, parameters):
        """model: required members, types and lengths by botocore's validator; patterns, which it leaves out, here."""
        shape = self.model.operation_model(operation).input_shape
        newer = NEWER.get(operation, [])
        parameters = {name: value for name, value in parameters.items() if name not in newer}
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise Refused("InvalidRequestException", report.generate_report())
        for where, value, pattern in patterns(shape, parameters, ""):
            if not re.search(pattern, value):
                raise Refused("InvalidRequestException", f"{where}: {value!r} does not match {pattern}")

    def do(self, operation, parameters, region):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        function = getattr(self, name, None)
        if function is None:
            raise Refused("ServiceException", f"this fake has no {operation}", 501)
        return function(parameters, region)

    # --- What is kept -------------------------------------------------------------------------------------------------

    def keep(self, kind, region, name, parameters, version=None, build=None):
        # docs: an ARN has the name in lower case, and spaces and underscores are hyphens in it.
        parts = [re.sub(r"[ _]", "-", name.lower()), version, build]
        arn = f"arn:aws:imagebuilder:{region}:{ACCOUNT}:{kind}/" + "/".join(part for part in parts if part)
        if arn in self.kept:
            raise Refused("ResourceAlreadyExistsException", f"{arn} exists already")
        kept = {key: value for key, value in parameters.items() if key != "clientToken"}
        self.kept[arn] = {"kind": kind, "arn": arn, **kept}
        return arn

    def find(self, arn):
        if arn not in self.kept:
            # guess: the model has no such error; Terraform's provider asks for this one.
            raise Refused("ResourceNotFoundException", f"the resource with ARN {arn} does not exist", 404)
        return self.kept[arn]

    def listed(self, kind, members):
        found = [kept for kept in self.kept.values() if kept["kind"] == kind]
        return [{member: kept[member] for member in members if member in kept} for kept in found]

    def remove(self, arn, users):
        self.find(arn)
        for user in users:
            if arn in json.dumps({key: value for key, value in user.items() if key != "arn"}):
                # docs: what something else uses cannot be deleted.
                raise Refused("ResourceDependencyException", f"{arn} is used by {user['arn']}")
        del self.kept[arn]

    def used_by(self, *kinds):
        kept = [kept for kept in self.kept.values() if kept["kind"] in kinds]
        return kept + ([build for build in self.builds.values()] if "image" in kinds else [])

    def create_component(self, parameters, region):
        if len(parameters.get("data", "")) > 16000:
            raise Refused("InvalidRequestException", "data is longer than 16000 characters")  # docs
        parameters = dict(parameters, tags=parameters.get("tags", {}))
        arn = self.keep("component", region, parameters["name"], parameters, parameters["semanticVersion"], "1")
        return {"componentBuildVersionArn": arn}

    def get_component(self, parameters, _region):
        return {"component": {"arn": self.find(parameters["componentBuildVersionArn"])["arn"]}}

    def list_components(self, _parameters, _region):
        versions = [{"arn": kept["arn"].rpartition("/")[0], "name": kept["name"]} for kept in self.used_by("component")]
        return {"componentVersionList": versions}

    def delete_component(self, parameters, _region):
        self.remove(parameters["componentBuildVersionArn"], self.used_by("image-recipe"))
        return {}

    def create_image_recipe(self, parameters, region):
        for component in parameters["components"]:
            self.find(component["componentArn"])
        if not re.match(r"^ami-[0-9a-f]{8,17}$", parameters["parentImage"]):
            raise Refused("InvalidRequestException", "this fake takes an AMI id: what else is no pinned parent")
        parameters = dict(parameters, dateCreated=DATE)
        arn = self.keep("image-recipe", region, parameters["name"], parameters, parameters["semanticVersion"])
        return {"imageRecipeArn": arn}

    def get_image_recipe(self, parameters, _region):
        return {"imageRecipe": {"arn": self.find(parameters["imageRecipeArn"])["arn"]}}

    def list_image_recipes(self, parameters, _region):
        names = [value for filter in parameters.get("filters", []) if filter["name"] == "name" for value in filter["values"]]
        recipes = self.listed("image-recipe", ["arn", "name", "parentImage", "dateCreated", "tags"])
        return {"imageRecipeSummaryList": [recipe for recipe in recipes if not names or recipe["name"] in names]}

    def delete_image_recipe(self, parameters, _region):
        self.remove(parameters["imageRecipeArn"], self.used_by("image"))
        return {}

    def create_infrastructure_configuration(self, parameters, region):
        return {
            "infrastructureConfigurationArn": self.keep(
                "infrastructure-configuration", region, parameters["name"], parameters
            )
        }

    def get_infrastructure_configuration(self, parameters, _region):
        return {"infrastructureConfiguration": {"arn": self.find(parameters["infrastructureConfigurationArn"])["arn"]}}

    def list_infrastructure_configurations(self, _parameters, _region):
        listed = self.listed("infrastructure-configuration", ["arn", "name", "tags"])
        return {"infrastructureConfigurationSummaryList": listed}

    def delete_infrastructure_configuration(self, parameters, _region):
        self.remove(parameters["infrastructureConfigurationArn"], self.used_by("image"))
        return {}

    def create_distribution_configuration(self, parameters, region):
        return {
            "distributionConfigurationArn": self.keep("distribution-configuration", region, parameters["name"], parameters)
        }

    def get_distribution_configuration(self, parameters, _region):
        return {"distributionConfiguration": {"arn": self.find(parameters["distributionConfigurationArn"])["arn"]}}

    def list_distribution_configurations(self, _parameters, _region):
        return {"distributionConfigurationSummaryList": self.listed("distribution-configuration", ["arn", "name", "tags"])}

    def delete_distribution_configuration(self, parameters, _region):
        self.remove(parameters["distributionConfigurationArn"], self.used_by("image"))
        return {}

    def list_tags_for_resource(self, parameters, _region):
        return {"tags": self.find(parameters["resourceArn"]).get("tags", {})}


def patterns(shape, value, where):
    """Every text of a value whose shape has a pattern."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                yield from patterns(member, value[name], f"{where}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from patterns(shape.member, item, f"{where}[]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from patterns(shape.key, key, f"{where} key")
            yield from patterns(shape.value, item, f"{where}.{key}")
    elif shape.type_name == "string" and "pattern" in shape.metadata:
        yield where, value, shape.metadata["pattern"]
