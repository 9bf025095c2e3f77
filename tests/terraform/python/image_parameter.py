"""Deletes the parameter that names the image, gives it a text that is no image, or puts the seeded image back.

Usage: python image_parameter.py ""|restore|<text>
"""

import json
import sys

import boto3

PARAMETER = "/valet/staging/ami"

ssm = boto3.client("ssm")
text = sys.argv[1]
if text == "restore":
    images = boto3.client("ec2").describe_images(Owners=["self"])["Images"]
    image = next(i for i in images if "launch-hook" in i.get("Description", ""))
    text = image["ImageId"]
if text:
    ssm.put_parameter(Name=PARAMETER, Type="String", Value=text, Overwrite=True)
else:
    ssm.delete_parameter(Name=PARAMETER)
print(json.dumps(text))
