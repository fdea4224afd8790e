"""Whether what a rendered chart's monitors look for is there: monitors.py KIND <MANIFESTS

The one monitor of KIND must select one object of the manifests: a ServiceMonitor a Service, a
PodMonitor a Deployment's pods. That must have the label that becomes the job, which rules and
dashboard tell installations apart by, and the port, which must lead to a container's port.
"""

import sys

import yaml


def selects(selector, labels):
    return selector.items() <= labels.items()


def the_one(what, found):
    if len(found) != 1:
        sys.exit(f"{len(found)} {what} instead of one")
    return found[0]


def pods(manifests, selector):
    templates = [each["spec"]["template"] for each in manifests if each["kind"] in ("Deployment", "StatefulSet")]
    return the_one("kinds of pods", [each for each in templates if selects(selector, each["metadata"]["labels"])])


def container_ports(pod):
    return [port["name"] for port in pod["spec"]["containers"][0]["ports"]]


def main():
    kind = sys.argv[1]
    manifests = [each for each in yaml.safe_load_all(sys.stdin) if each]
    spec = the_one(kind, [each["spec"] for each in manifests if each["kind"] == kind])
    selector = spec["selector"]["matchLabels"]
    if kind == "PodMonitor":
        endpoint = the_one("endpoints", spec["podMetricsEndpoints"])
        selected = pods(manifests, selector)
        target = endpoint["port"]
    else:
        endpoint = the_one("endpoints", spec["endpoints"])
        services = [each for each in manifests if each["kind"] == "Service"]
        selected = the_one("Services", [each for each in services if selects(selector, each["metadata"]["labels"])])
        ports = {port["name"]: port["targetPort"] for port in selected["spec"]["ports"]}
        target = ports.get(endpoint["port"])
    pod = selected if kind == "PodMonitor" else pods(manifests, selected["spec"]["selector"])
    if target != "admin" or target not in container_ports(pod) or endpoint["path"] != "/metrics":
        sys.exit(f"{endpoint} leads to the port {target} of {container_ports(pod)}")
    if spec["jobLabel"] not in selected["metadata"]["labels"]:
        sys.exit(f"what is selected has no label {spec['jobLabel']}: the job would be another one")


main()
