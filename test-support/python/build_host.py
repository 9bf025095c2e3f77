"""The build host of a Packer that is real: an SSH server that takes any key, files by scp, and the template's commands.

Nothing is provisioned. `provision.sh` is answered as done and `verify.sh` with a report, so that a build takes seconds;
everything else that the template runs is run by a shell, with the host's own folders below one of this machine.

Usage: python build_host.py serve FOLDER       prints its port, and ends when its standard input does
       python build_host.py session ...        what Packer starts as session-manager-plugin: joins its port to the host's

BUILD_HOST_PORT in the environment says where the host listens, for `session`. FAILED_CONTROL names a control that does
not hold, for `serve`.
"""

import asyncio
import json
import os
import re
import sys

STUBS = {
    "sudo": '#!/bin/sh\nexec "$@"\n',
    "cloud-init": "#!/bin/sh\nexit 0\n",
    "chown": "#!/bin/sh\nexit 0\n",
    "install": '#!/bin/sh\nfor last; do case "$last" in /*) mkdir -p "$last" ;; esac; done\n',
}

PASSED = [{"control": f"control.{number}", "result": "passed"} for number in range(100)]


def stub_commands(folder):
    """What runs in place of the image's own scripts."""
    os.makedirs(f"{folder}/bin", exist_ok=True)
    for name, text in STUBS.items():
        with open(f"{folder}/bin/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(f"{folder}/bin/{name}", 0o755)
    failed = os.environ.get("FAILED_CONTROL")
    checks = PASSED + ([{"control": failed, "result": "failed"}] if failed else [])
    report = ",\n".join(json.dumps(check) for check in checks)
    bash = f"""#!/bin/sh
case "$1" in
*/provision.sh) echo '[1/1] nothing is provisioned' ;;
*/verify.sh)
  while [ $# -gt 0 ]; do
    if [ "$1" = --sbom ]; then echo '{{"bomFormat": "CycloneDX"}}' > "$2"; fi
    shift
  done
  printf '%s\\n' '{{"checks": [{report}]}}'
  exit {1 if failed else 0}
  ;;
*) exec /bin/bash "$@" ;;
esac
"""
    with open(f"{folder}/bin/bash", "w", encoding="utf-8") as file:
        file.write(bash)
    os.chmod(f"{folder}/bin/bash", 0o755)


def inside(folder, text):
    """Paths of the host, as they are on this machine."""
    return re.sub(r"(?<![\w/.-])/(opt|tmp)/", rf"{folder}/\1/", text)


async def serve(folder):
    import asyncssh

    stub_commands(folder)
    for name in ("opt", "tmp"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username):
            return False

    async def handle(process):
        command = inside(folder, process.command or "true")
        for script in re.findall(rf"{re.escape(folder)}/[\w./-]+", command):
            if "script_" in script and os.path.isfile(script):
                with open(script, encoding="utf-8") as file:
                    text = file.read()
                if folder not in text:
                    with open(script, "w", encoding="utf-8") as file:
                        file.write(inside(folder, text))
        environment = dict(os.environ, PATH=f"{folder}/bin:/usr/bin:/bin")
        ran = await asyncio.create_subprocess_exec("/bin/sh", "-c", command, env=environment, stdin=asyncio.subprocess.DEVNULL,
                                                   stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        output, errors = await ran.communicate()
        process.stdout.write(output.decode())
        process.stderr.write(errors.decode())
        process.exit(ran.returncode)

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.create_server(
        Server,
        "127.0.0.1",
        0,
        server_host_keys=[key],
        process_factory=handle,
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=folder.encode()),
        allow_scp=True,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def session(arguments):
    """docs: the third of the arguments that are JSON has the port that Packer connects to."""
    parameters = json.loads(arguments[4])["Parameters"]
    port = int(parameters["localPortNumber"][0])

    async def join(reader, writer):
        there, back = await asyncio.open_connection("127.0.0.1", int(os.environ["BUILD_HOST_PORT"]))

        async def pump(source, sink):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    server = await asyncio.start_server(join, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve(os.path.abspath(sys.argv[2])))
    else:
        asyncio.run(session(sys.argv[2:]))
