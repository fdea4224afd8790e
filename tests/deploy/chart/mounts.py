"""What the gateway's container would see of its configuration, made of a rendered chart:
mounts.py FIXTURES DIRECTORY <MANIFESTS

Writes gateway.yaml into DIRECTORY and prints its path. Every file that it names lies below
DIRECTORY, whose path is put in front: from the Secret or ConfigMap that is mounted there, or, where
the chart does not make that one, from FIXTURES. Fails where nothing is mounted at a path, where
what is mounted lacks the file, and on a subPath, which Kubernetes does not renew.
"""

import pathlib
import shutil
import sys

import yaml

CONFIG = "/etc/pcaps-gateway/gateway.yaml"


def contents(manifests):
    """(kind, name) -> its files, of each ConfigMap and Secret."""
    return {
        (each["kind"], each["metadata"]["name"]): each.get("stringData") or each.get("data") or {}
        for each in manifests
        if each["kind"] in ("ConfigMap", "Secret")
    }


def mounted(pod, known):
    """Directory -> its files, or None where they are somebody else's."""
    volumes = {}
    for volume in pod["volumes"]:
        secret = "Secret", volume.get("secret", {}).get("secretName")
        config_map = "ConfigMap", volume.get("configMap", {}).get("name")
        volumes[volume["name"]] = known.get(secret, known.get(config_map))
    found = {}
    for mount in pod["containers"][0]["volumeMounts"]:
        if "subPath" in mount:
            sys.exit(f"{mount['mountPath']} is mounted with a subPath")
        found[mount["mountPath"]] = volumes[mount["name"]]
    return found


def lay_out(path, key, mounts, fixtures, directory):
    """Makes the file at `path`, which the configuration's `key` names, and gives its place."""
    parent, _, name = path.rpartition("/")
    if parent not in mounts:
        sys.exit(f"{key} is {path}, where nothing is mounted")
    place = directory / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    if mounts[parent] is None:
        shutil.copy(fixtures / key, place)
    elif name in mounts[parent]:
        place.write_text(mounts[parent][name])
    else:
        sys.exit(f"{key} is {path}; what is mounted there has only {', '.join(mounts[parent])}")
    return str(place)


def lay_out_all(section, mounts, fixtures, directory):
    """Every *_file of the configuration, at any depth."""
    for key, value in section.items() if isinstance(section, dict) else enumerate(section):
        if isinstance(value, (dict, list)):
            lay_out_all(value, mounts, fixtures, directory)
        elif str(key).endswith("_file") and value:
            section[key] = lay_out(value, key, mounts, fixtures, directory)


def main():
    fixtures, directory = map(pathlib.Path, sys.argv[1:])
    manifests = [each for each in yaml.safe_load_all(sys.stdin) if each]
    component = "app.kubernetes.io/component"
    pod = next(
        each["spec"]["template"]["spec"]
        for each in manifests
        if each["kind"] == "Deployment" and each["metadata"]["labels"][component] == "gateway"
    )
    mounts = mounted(pod, contents(manifests))
    if pod["containers"][0]["args"] != ["--config", CONFIG]:
        sys.exit(f"the gateway is not started with {CONFIG}")
    config = yaml.safe_load(mounts[CONFIG.rpartition("/")[0]]["gateway.yaml"])
    lay_out_all(config, mounts, fixtures, directory)
    place = directory / "gateway.yaml"
    place.write_text(yaml.safe_dump(config))
    print(place)


main()
