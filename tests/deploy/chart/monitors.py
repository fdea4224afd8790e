"""Whether what a rendered chart's monitors look for is there: monitors.py KIND <MANIFESTS

The one monitor of KIND must select one object of the manifests: a ServiceMonitor a Service, a
PodMonitor a Deployment's pods. That must have the label that becomes the job, which rules and
dashboard tell installations apart by, and the port, which must lead to a container's port.
"""

import sys

import yaml


def the_one(what, found):
    if len(found) != 1:
        sys.exit(f"{len(found)} {what} instead of one")
    return found[0]


def selected(what, objects, selector):
    found = [each for each in objects if selector.items() <= each["metadata"]["labels"].items()]
    return the_one(what, found)


def main():
    kind = sys.argv[1]
    manifests = [each for each in yaml.safe_load_all(sys.stdin) if each]
    pods = [each["spec"]["template"] for each in manifests if "template" in each.get("spec", {})]
    services = [each for each in manifests if each["kind"] == "Service"]
    monitor = the_one(kind, [each["spec"] for each in manifests if each["kind"] == kind])
    selector = monitor["selector"]["matchLabels"]
    if kind == "PodMonitor":
        (endpoint,) = monitor["podMetricsEndpoints"]
        pod = labelled = selected("kinds of pods", pods, selector)
        target = endpoint["port"]
    else:
        (endpoint,) = monitor["endpoints"]
        labelled = selected("Services", services, selector)
        pod = selected("kinds of pods", pods, labelled["spec"]["selector"])
        ports = {port["name"]: port["targetPort"] for port in labelled["spec"]["ports"]}
        target = ports.get(endpoint["port"])
    ports = [port["name"] for port in pod["spec"]["containers"][0]["ports"]]
    if target != "admin" or target not in ports or endpoint["path"] != "/metrics":
        sys.exit(f"{endpoint} leads to the port {target} of {ports}")
    if monitor["jobLabel"] not in labelled["metadata"]["labels"]:
        sys.exit(f"what is selected has no label {monitor['jobLabel']}: the job would be another one")


main()
