"""The AWS that bakes ask: moto, with Image Builder before it, and trouble that a test orders.

Of each behaviour it is said where it comes from:
  model  AWS's own service model, as botocore ships it: names, types, limits, patterns, required members
  docs   AWS's documentation
  guess  neither says it; AWS may do otherwise

Usage: python aws_fake.py -H 127.0.0.1 -p 0
It ends when its standard input does, and so never outlives whoever started it.

A test talks to it at /_fake/:
  POST rules      a list of faults (see faults.py), in place of those before
  POST build      {"fail_at": "BUILDING", "message": "..."}: the next build fails; {} takes it back;
                    {"default_key_in": "us-west-2"}: its image there is under the account's default key
  POST host       {"failed": ["image.logs-empty"]}: what verify.sh says on the first host of an image; {} takes it back
  POST copies     {"looks": 3}: the next copies are pending for as many looks, and name no snapshot; 0 takes it back
  POST refresh    {"end": "RollbackSuccessful"}: how the next instance refresh ends; {"hold": true}: not yet
  GET  refreshes  every instance refresh: its group, its status, its preferences
  POST age        {"days": 3}: everything that was made was made so much earlier
  POST account    quotas, associations, denials (see account.py)
  GET  calls      every call since the start: service, operation, whether it changes something
  GET  asks       what each of these calls asks of IAM (see authorization.py)
  GET  held       the calls that wait for a release; the answer comes when there is one
  POST release    lets them go on
  POST seed       what is there before the first bake (see seed.py)
  POST seed-images  images as bakes leave them (see seed_images.py); answers with their ids
  GET  distributions  every distribution configuration of Image Builder
  GET  shared     each image: its key, its status, and whom it and its snapshot are shared with
  GET  inventory  all that bakes can leave behind
"""

import json
import sys
import threading

import moto
import moto_server
from account import Account, respond
from authorization import asks_of
from bucket_gaps import close_bucket_gaps
from ec2_gaps import close_gaps, describe_image_references
from faults import Faults, operation_of
from image_builder import ImageBuilder
from image_keys import close_key_gaps
from inventory import age, inventory, shared
from moto.moto_server import werkzeug_app
from moto.server import main
from refreshes import close_refresh_gaps, order, refreshes
from seed import seed
from seed_images import seed_images
from session_gaps import Sessions, close_session_gaps, set_copies, set_host


class Fake(werkzeug_app.DomainDispatcherApplication):
    """Image Builder is answered here, everything else by moto; a fault comes before either."""

    def __init__(self, create_app):
        super().__init__(create_app)
        self.faults = Faults()
        self.image_builder = ImageBuilder()
        self.sessions = Sessions()
        self.account = Account()
        self.asks = []

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_fake/"):
            return self.control(path.removeprefix("/_fake/"), environ, start_response)
        call = operation_of(environ)
        self.asks.append(asks_of(call, environ, self.image_builder))
        return self.faults.answer(call, environ, start_response, lambda: self.serve(call, environ, start_response))

    def serve(self, call, environ, start_response):
        if call.service == "imagebuilder":
            return self.image_builder.answer(call, environ, start_response)
        if self.sessions.has(call):
            return self.sessions.answer(call, environ, start_response)
        answer = self.account.answer(call, environ)
        if answer:
            return respond(*answer, start_response)
        if call.operation == "DescribeImageReferences":
            # The call is newer than the model of the pinned botocore, without which moto reads no request.
            region = environ["HTTP_AUTHORIZATION"].split("Credential=")[1].split("/")[2]
            text = describe_image_references(environ["wsgi.input"].read().decode(), region).encode()
            start_response("200 OK", [("Content-Type", "text/xml"), ("Content-Length", str(len(text)))])
            return [text]
        return super().__call__(environ, start_response)

    def control(self, what, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = json.loads(environ["wsgi.input"].read(length)) if length else {}
        answers = {
            "rules": lambda: self.faults.set_rules(body),
            "build": lambda: self.image_builder.set_trouble(body),
            "host": lambda: set_host(body),
            "copies": lambda: set_copies(body),
            "refresh": lambda: order(body),
            "refreshes": refreshes,
            "calls": lambda: self.faults.calls,
            "asks": lambda: self.asks,
            "held": lambda: self.faults.held(),
            "release": lambda: self.faults.release(),
            "age": lambda: age(body["days"]),
            "account": lambda: self.account.set(body),
            "seed": lambda: seed(body),
            "seed-images": lambda: seed_images(body),
            "distributions": lambda: self.image_builder.used_by("distribution-configuration"),
            "shared": shared,
            "inventory": lambda: inventory(self.image_builder),
        }
        text = json.dumps(answers[what]()).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]


if __name__ == "__main__":
    if moto.__version__ != moto_server.WRITTEN_FOR:
        sys.exit(f"these patches are for moto {moto_server.WRITTEN_FOR} and this is {moto.__version__}")
    close_gaps()
    close_key_gaps()
    close_bucket_gaps()
    close_refresh_gaps()
    close_session_gaps()
    threading.Thread(target=moto_server.end_with_input, daemon=True).start()
    # `moto.server` looks the class up when it starts.
    sys.modules["moto.server"].DomainDispatcherApplication = Fake
    main(sys.argv[1:])
