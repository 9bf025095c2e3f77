"""Puts there what a fleet needs before its first apply: an image, and the parameter that names it.

An image that is registered by hand has no architecture in moto; one that is made of an instance does, as on AWS.
"""

import argparse
import json
import time

import boto3
import moto

parser = argparse.ArgumentParser()
parser.add_argument("--parameter", default="/valet/staging/ami")
parser.add_argument("--architecture", default="x86_64")
# What the bake's recipes write, word for word.
parser.add_argument("--description", default="Browser worker of valet-staging, from ubuntu-24.04; valet-worker with launch-hook")
arguments = parser.parse_args()

ec2 = boto3.client("ec2")
TYPES = {"x86_64": "m5.large", "arm64": "m6g.large"}
images = ec2.describe_images()["Images"]
base = next(i for i in images if i["Architecture"] == arguments.architecture and i["RootDeviceType"] == "ebs")
instance = ec2.run_instances(
    ImageId=base["ImageId"], MinCount=1, MaxCount=1, InstanceType=TYPES[arguments.architecture]
)["Instances"][0]
image = ec2.create_image(
    InstanceId=instance["InstanceId"], Name=f"valet-worker-{time.time_ns()}", Description=arguments.description
)["ImageId"]
ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
boto3.client("ssm").put_parameter(Name=arguments.parameter, Type="String", Value=image, Overwrite=True)
print(json.dumps({"image": image, "moto": moto.__version__}))
