#!/usr/bin/env python3
"""The lesson's server, as a textbook has it; the port is the first argument,
and a certificate with its key make it TLS."""

import ssl
import sys
from socket import *

serverPort = int(sys.argv[1])
serverSocket = socket(AF_INET, SOCK_STREAM)
serverSocket.bind(("127.0.0.1", serverPort))
serverSocket.listen(1)
print("The server is ready to receive on", serverSocket.getsockname()[1], flush=True)
while True:
    connectionSocket, addr = serverSocket.accept()
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        connectionSocket = context.wrap_socket(connectionSocket, server_side=True)
    sentence = connectionSocket.recv(1024).decode()
    capitalizedSentence = sentence.upper()
    connectionSocket.send(capitalizedSentence.encode())
    if len(sys.argv) > 2:
        connectionSocket = connectionSocket.unwrap()
    connectionSocket.close()
