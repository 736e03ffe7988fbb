"""An S3 server for tests: moto on a free loopback port, with keys that it really checks.

Prints one line of JSON once it answers: the endpoint, another one with TLS, the authority (PEM)
behind its certificate and one of the same name that is not, the bucket that is there, the keys of a
user who may do everything and of one who may only read, and the name of a bucket that keeps
versions.

Answers each line of standard input with one line: the names of uploads that nobody ended, a JSON
list. Ends when standard input is closed, so it does not outlive the test that started it.
"""

import datetime
import ipaddress
import json
import logging
import os
import ssl
import sys
import tempfile
import threading

# Calls that make the users below; every later one needs a valid signature.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "6"

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.server import DomainDispatcherApplication, ThreadedMotoServer, create_backend_app
from werkzeug.serving import make_server

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


def certificate(name, key, issuer, issuer_key, is_authority):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def start_with_tls():
    """The same buckets behind TLS; returns the endpoint, its authority and another one."""
    authority_key, key, other_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    authority = certificate("tests", authority_key, "tests", authority_key, True)
    other = certificate("tests", other_key, "tests", other_key, True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as chain:
        chain.write(certificate("s3", key, "tests", authority_key, False))
        chain.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        chain.flush()
        context.load_cert_chain(chain.name)
    app = DomainDispatcherApplication(create_backend_app)
    secure = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
    threading.Thread(target=secure.serve_forever, daemon=True).start()
    return f"https://127.0.0.1:{secure.server_port}", authority.decode(), other.decode()


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

secure_endpoint, authority, other_authority = start_with_tls()
facts = {
    "endpoint": endpoint,
    "secure_endpoint": secure_endpoint,
    "authority": authority,
    "other_authority": other_authority,
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
