"""All that a bake can leave behind, in a form that can be compared."""

import datetime

from moto.ec2.models import ec2_backends
from moto.s3.models import s3_backends

ACCOUNT = "123456789012"


def inventory(image_builder):
    regions = {}
    for region, backend in list(ec2_backends[ACCOUNT].items()):
        amis = [ami for ami in backend.amis.values() if ami.owner_id == ACCOUNT]
        # Those of an image that is gone as well: nobody else names them.
        gone = {it.from_ami for it in backend.snapshots.values() if it.from_ami} - set(backend.amis)
        snapshots = [it for it in backend.snapshots.values() if it.from_ami in gone | {ami.id for ami in amis}]
        tagged = [it for it in backend.snapshots.values() if "valet:bake-id" in {tag["key"] for tag in it.get_tags()}]
        hosts = [it.id for it in backend.all_instances() if it.state != "terminated"]
        keys, volumes = list(backend.key_pairs), list(backend.volumes)
        if amis or snapshots or tagged or hosts or keys or volumes:
            regions[region] = {
                "instances": sorted(hosts),
                "key_pairs": sorted(keys),
                "volumes": sorted(volumes),
                "images": sorted(ami.id for ami in amis),
                "snapshots": sorted({it.id for it in snapshots + tagged}),
            }
    buckets = {
        name: sorted(key for key in bucket.keys)
        for name, bucket in s3_backends[ACCOUNT]["aws"].buckets.items()
    }
    return {
        "regions": regions,
        "buckets": buckets,
        "image_builder": sorted(image_builder.kept),
        "builds": sorted(image_builder.builds),
    }


def shared():
    """Each image by its region and id."""
    found = {}
    for region, backend in list(ec2_backends[ACCOUNT].items()):
        for ami in (ami for ami in backend.amis.values() if ami.owner_id == ACCOUNT):
            tags = {tag["key"]: tag["value"] for tag in ami.get_tags()}
            found[f"{region} {ami.id}"] = {
                "status": tags.get("valet:status"),
                "key": ami.ebs_snapshot.kms_key_id,
                "image": sorted(it["UserId"] for it in ami.launch_permissions),
                "snapshot": sorted(ami.ebs_snapshot.create_volume_permission_userids),
            }
    return found


def age(days):
    """Everything is as many days older. moto keeps each date in its own form."""
    for backend in (it for regions in [ec2_backends[ACCOUNT]] for it in list(regions.values())):
        instances = backend.all_instances()
        things = [*backend.amis.values(), *backend.snapshots.values(), *backend.volumes.values(), *instances]
        for thing in [*things, *backend.key_pairs.values()]:
            for name in ("creation_date", "start_time", "create_time", "launch_time", "_create_time"):
                value = vars(thing).get(name)
                if isinstance(value, datetime.datetime):
                    setattr(thing, name, value - datetime.timedelta(days=days))
                elif isinstance(value, str):
                    earlier = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")) - datetime.timedelta(days=days)
                    setattr(thing, name, earlier.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    return True
