"""What `docker compose config --format json` says, asked by compose.sh.

compose.py judge FILE            problems, one a line; the exit code tells whether there are any
compose.py ports FILE            what is published where
compose.py command FILE SERVICE  the command of a service, a word a line
"""

import json
import os
import sys


def ports_of(service):
    return [f"{p.get('host_ip', '*')}:{p['published']}" for p in service.get("ports", [])]


def problems_of(name, service):
    for port in ports_of(service):
        if not port.startswith("127.0.0.1:"):
            yield f"{name}: {port} is not on loopback alone"
    if not service.get("read_only"):
        yield f"{name}: its root can be written to"
    if service.get("cap_drop") != ["ALL"]:
        yield f"{name}: has capabilities"
    if service.get("security_opt") != ["no-new-privileges:true"]:
        yield f"{name}: may gain privileges"
    # Compose copies a config or secret that is no file into the container, and cannot into this one.
    if service.get("configs") or service.get("secrets"):
        yield f"{name}: a config or secret cannot be put on a read-only root"
    for volume in service.get("volumes", []):
        if volume["type"] == "bind" and not os.path.exists(volume["source"]):
            yield f"{name}: {volume['source']} does not exist"
        if volume["type"] == "bind" and not volume.get("read_only"):
            yield f"{name}: may write to {volume['source']}"


def main(verb, path, *rest):
    with open(path) as file:
        services = json.load(file)["services"]
    if verb == "command":
        print("\n".join(services[rest[0]]["command"]))
    elif verb == "ports":
        print(", ".join(f"{name} {port}" for name in services for port in ports_of(services[name])))
    else:
        problems = [p for name in sorted(services) for p in problems_of(name, services[name])]
        print("\n".join(problems))
        return 1 if problems else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
