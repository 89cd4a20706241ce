#!/usr/bin/env python3
"""The lesson's client, as a textbook has it; the port is the first argument,
and a CA's certificate makes it TLS."""

import ssl
import sys
from socket import *

serverName = "localhost"
serverPort = int(sys.argv[1])
clientSocket = socket(AF_INET, SOCK_STREAM)
clientSocket.connect((serverName, serverPort))
if len(sys.argv) > 2:
    context = ssl.create_default_context(cafile=sys.argv[2])
    clientSocket = context.wrap_socket(clientSocket, server_hostname=serverName)
sentence = input("Input lowercase sentence:")
clientSocket.send(sentence.encode())
modifiedSentence = clientSocket.recv(1024)
print("From Server: ", modifiedSentence.decode())
clientSocket.close()
