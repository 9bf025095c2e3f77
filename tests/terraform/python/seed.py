"""Puts there what a fleet needs before its first apply: an image, and the parameter that names it.

An image that is registered by hand has no architecture in moto; one that is made of an instance does, as on AWS.
"""

import json

import boto3
import moto

PARAMETER = "/valet/staging/ami"
CANONICAL = "099720109477"

ec2 = boto3.client("ec2")
images = ec2.describe_images(Owners=[CANONICAL])["Images"]
base = next(i for i in images if i["Architecture"] == "x86_64" and i["RootDeviceName"] == "/dev/sda1")
instance = ec2.run_instances(ImageId=base["ImageId"], MinCount=1, MaxCount=1, InstanceType="m5.large")["Instances"][0]
image = ec2.create_image(InstanceId=instance["InstanceId"], Name="valet-worker")["ImageId"]
ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
boto3.client("ssm").put_parameter(Name=PARAMETER, Type="String", Value=image)
print(json.dumps({"image": image, "moto": moto.__version__}))
