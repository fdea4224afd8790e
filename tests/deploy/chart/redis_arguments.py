"""How a rendered chart starts its Redis, an argument a line: redis_arguments.py PASSWORD DIRECTORY
<MANIFESTS, with the directory in place of its volume.
"""

import sys

import yaml

password, directory = sys.argv[1:]
redis = next(
    each for each in yaml.safe_load_all(sys.stdin) if each and each["kind"] == "StatefulSet"
)
for each in redis["spec"]["template"]["spec"]["containers"][0]["args"]:
    print({"$(REDIS_PASSWORD)": password, "/data": directory}.get(each, each))
