"""Kubernetes' kinds as kubeconform wants them: schemas.py SWAGGER DIRECTORY CRD...

SWAGGER is the OpenAPI specification of Kubernetes, each CRD a file with a CustomResourceDefinition.
DIRECTORY/kind-group-version.json is then the JSON schema of a kind; a field that it does not have
is an error there.
"""

import copy
import json
import pathlib
import re
import sys

import yaml

INT_OR_STRING = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
NUMBER_OR_STRING = {"anyOf": [{"type": "number"}, {"type": "string"}]}
DEFINITION = "#/definitions/"


def strict(schema):
    """The same schema, of JSON Schema's words alone, with no unknown field."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        return INT_OR_STRING
    kept = {}
    for key, value in schema.items():
        if key == "properties":  # Their names may be words of JSON Schema: "format", "description".
            kept[key] = {name: strict(each) for name, each in value.items()}
        elif key not in ("description", "format", "default") and not key.startswith("x-kubernetes"):
            kept[key] = strict(value)
    if "properties" in kept and not schema.get("x-kubernetes-preserve-unknown-fields"):
        kept.setdefault("additionalProperties", False)
    return kept


def references(schema):
    return set(re.findall(rf'"\$ref": "{DEFINITION}([^"]*)"', json.dumps(schema)))


def with_definitions(schema, definitions):
    """The schema with those definitions that it needs, and no others."""
    needed, new = {}, references(schema)
    while new:
        needed |= {name: definitions[name] for name in new}
        new = references(needed) - needed.keys()
    return {**schema, "definitions": needed}


def write(directory, group, version, kind, schema):
    schema["properties"]["apiVersion"] = {"const": f"{group}/{version}" if group else version}
    schema["properties"]["kind"] = {"const": kind}
    schema["required"] = [*schema.get("required", []), "apiVersion", "kind", "metadata"]
    name = "-".join(filter(None, [kind.lower(), group.split(".")[0], version]))
    (directory / f"{name}.json").write_text(json.dumps(schema))


def main():
    swagger, directory, *crds = map(pathlib.Path, sys.argv[1:])
    directory.mkdir(parents=True, exist_ok=True)
    raw = json.loads(swagger.read_text())["definitions"]
    definitions = {name: strict(definition) for name, definition in raw.items()}
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = NUMBER_OR_STRING
    for name, definition in raw.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            if "metadata" in definition.get("properties", {}):
                schema = with_definitions(copy.deepcopy(definitions[name]), definitions)
                write(directory, kind["group"], kind["version"], kind["kind"], schema)
    metadata = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    for crd in crds:
        spec = yaml.safe_load(crd.read_text())["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"$ref": DEFINITION + metadata}
            schema = with_definitions(schema, definitions)
            write(directory, spec["group"], version["name"], spec["names"]["kind"], schema)


main()
