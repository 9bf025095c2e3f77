"""Trouble on the way to AWS: what a test orders, call by call."""

import io
import re
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import parse_qs

# Calls whose names begin so change nothing.
READS = re.compile(r"^(GET |POST /status/batch/get|POST /delegatedadminaccounts/get|Get|List|Describe|Head|Batch|Lookup|Simulate|AssumeRole)")


@dataclass
class Call:
    service: str
    operation: str
    dry_run: bool = False

    @property
    def changes(self):
        return not self.dry_run and not READS.match(self.operation)


def operation_of(environ):
    """The service by the signature's scope; the operation as each protocol says it."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    service = scope.group(1) if scope else "unknown"
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    path = environ.get("PATH_INFO", "/")
    if target:
        return Call(service, target.rpartition(".")[2], service == "kms" and b'"DryRun":true' in body_of(environ))
    if service == "s3":
        return Call(service, s3_operation(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", "")))
    if service == "imagebuilder":
        return Call(service, image_builder_operation(environ["REQUEST_METHOD"], path))
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(body_of(environ).decode())
        return Call(service, form.get("Action", ["unknown"])[0], form.get("DryRun") == ["true"])
    return Call(service, f"{environ['REQUEST_METHOD']} {path}")


def body_of(environ):
    """The body, which stays there for whoever answers."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def image_builder_operation(method, path):
    if path.startswith("/tags/"):
        return {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}[method]
    return path.strip("/").split("/")[0]


def s3_operation(method, path, query):
    is_object = path.strip("/").count("/") > 0
    query = parse_qs(query, keep_blank_values=True)
    if "uploads" in query:
        return "CreateMultipartUpload"
    if "uploadId" in query:
        return {"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}[method]
    names = {"PUT": "Put", "GET": "Get" if is_object else "List", "HEAD": "Head", "DELETE": "Delete", "POST": "Post"}
    return names[method] + ("Object" if is_object else "Bucket")


class Faults:
    """Rules are tried in their order; the first that fits the call and its number is done.

    {"service": "imagebuilder", "operation": "CreateImage", "nth": 1, "do": "lost-before"}

    Without "operation" every call of the service fits, without "service" every call, with "changes" only those that
    change something. "nth" counts the calls that fit from 1 on; without it each of them is meant, with "times" that
    many of them.
      error        answers with "code", "status" and "message", and does nothing
      lost-before  ends the connection, and does nothing
      lost-after   does it, and ends the connection without an answer
      hold-before  waits for a release, and goes on then
      hold-after   does it, waits for a release, and ends the connection
    """

    def __init__(self):
        self.calls = []
        self.lock = threading.Lock()
        self.set_rules([])

    def set_rules(self, rules):
        self.rules = [dict(rule, seen=0) for rule in rules or []]
        self.waiting = []
        self.gate = threading.Event()
        self.arrived = threading.Event()
        return True

    def held(self):
        """Waits until a call is held, for a minute at the most."""
        self.arrived.wait(60)
        return list(self.waiting)

    def release(self):
        self.waiting = []
        self.gate.set()
        return True

    def fault(self, call):
        with self.lock:
            number = len(self.calls)
            self.calls.append(
                {"service": call.service, "operation": call.operation, "changes": call.changes, "number": number}
            )
            for rule in self.rules:
                fits = (
                    rule.get("service", call.service) == call.service
                    and rule.get("operation", call.operation) == call.operation
                    and (not rule.get("changes") or call.changes)
                )
                if not fits:
                    continue
                rule["seen"] += 1
                if rule.get("nth", rule["seen"]) == rule["seen"] and rule["seen"] <= rule.get("times", 1 << 30):
                    return rule
        return None

    def answer(self, call, environ, start_response, serve):
        rule = self.fault(call)
        if rule is None:
            return serve()
        do = rule["do"]
        if do == "error":
            return error(call, rule, start_response)
        if do == "lost-before":
            return hang_up(environ)
        if do == "hold-before":
            self.wait(call)
            return serve()
        # What was answered is read to its end, so that it is done, and thrown away.
        answered = serve_quietly(serve, environ)
        if do == "hold-after":
            self.wait(call)
        return hang_up(environ) if answered else []

    def wait(self, call):
        self.waiting.append({"service": call.service, "operation": call.operation})
        self.arrived.set()
        self.gate.wait(60)


def serve_quietly(serve, environ):
    for _ in serve():
        pass
    return True


def hang_up(environ):
    connection = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()
    time.sleep(0.01)
    raise ConnectionResetError("a test ordered it")


def error(call, rule, start_response):
    code, message = rule.get("code", "InternalFailure"), rule.get("message", "a test ordered it")
    status = rule.get("status", 500)
    if call.service in ("ec2", "sts", "autoscaling", "iam", "s3"):
        kind = "text/xml"
        inner = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        wrapped = {
            "ec2": f"<Response><Errors>{inner}</Errors><RequestID>0</RequestID></Response>",
            "s3": inner,
        }
        text = wrapped.get(call.service, f"<ErrorResponse>{inner}<RequestId>0</RequestId></ErrorResponse>")
    else:
        kind = "application/json"
        text = '{"__type": "%s", "message": "%s"}' % (code, message)
    headers = [("Content-Type", kind), ("Content-Length", str(len(text))), ("x-amzn-ErrorType", code)]
    start_response(f"{status} Fault", headers)
    return [text.encode()]
