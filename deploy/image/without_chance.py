#!/usr/bin/env python3
"""without_chance.py BUILT ARCHIVE: the archive of an image without what buildah makes up anew for every build, which are the
names of a container and of its host. Prints the identifier of the image."""

import hashlib
import io
import json
import sys
import tarfile

built, archive = sys.argv[1:]

with tarfile.open(built) as source, tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as target:

    def add(name, content):
        member = tarfile.TarInfo(name)
        member.size = len(content)
        target.addfile(member, io.BytesIO(content))

    [image] = json.load(source.extractfile("manifest.json"))
    config = json.load(source.extractfile(image["Config"]))
    for made_up in "container", "container_config":
        del config[made_up]
    del config["config"]["Hostname"]
    config = json.dumps(config, sort_keys=True).encode()
    digest = hashlib.sha256(config).hexdigest()

    for layer in image["Layers"]:
        target.addfile(source.getmember(layer), source.extractfile(layer))
    add(f"{digest}.json", config)
    add("manifest.json", json.dumps([image | {"Config": f"{digest}.json"}]).encode())

print(f"sha256:{digest}")
