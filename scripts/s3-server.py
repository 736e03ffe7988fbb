"""An S3 server for tests: moto on a free loopback port, with keys that it really checks.

Prints one line of JSON once it answers: the endpoint, the bucket that is there, the keys of a user
who may do everything and of one who may only read, and the name of a bucket that keeps versions.
Answers each line of standard input with one line: the names of uploads that nobody ended, a JSON
list. Ends when standard input is closed, so it does not outlive the test that started it.
"""

import json
import logging
import os
import sys

# Calls that make the users below; every later one needs a valid signature.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "6"

import boto3
from moto.server import ThreadedMotoServer

# One line for each request would drown what tests say.
logging.getLogger("werkzeug").setLevel(logging.ERROR)

BUCKET = "magpie-files"
VERSIONED = "magpie-versions"

server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"


def client(service, keys):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
    )


iam = client("iam", {"access_key": "nobody", "secret_key": "nobody"})


def user(name, actions):
    """Three calls: keys of a new user who may do these actions."""
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=policy)
    return {"access_key": made["AccessKeyId"], "secret_key": made["SecretAccessKey"]}


owner = user("owner", ["s3:*"])
reader = user("reader", ["s3:ListBucket", "s3:GetObject"])
s3 = client("s3", owner)
s3.create_bucket(Bucket=BUCKET)
s3.create_bucket(Bucket=VERSIONED)
s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})

facts = {
    "endpoint": endpoint,
    "bucket": BUCKET,
    "versioned": VERSIONED,
    "owner": owner,
    "reader": reader,
}
print(json.dumps(facts), flush=True)
for _ in sys.stdin:
    unfinished = s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    print(json.dumps([upload["Key"] for upload in unfinished]), flush=True)
server.stop()
