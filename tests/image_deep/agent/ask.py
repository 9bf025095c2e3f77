"""Asks the agent's socket, as whoever this runs as: METHOD PATH [BODY]. Prints the status and the body."""

import http.client
import socket
import sys


class Agent(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/run/valet/agent.sock")


method, path, *body = sys.argv[1:]
agent = Agent("localhost")
agent.request(method, path, *body)
answer = agent.getresponse()
print(answer.status, answer.read().decode())
