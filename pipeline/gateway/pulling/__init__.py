"""Fetches from cameras that wait to be asked: their streams over HTTP, RTSP and websockets, lists and events over HTTP, records
over TCP, messages at a broker of MQTT. Addresses and passwords come from registrations alone."""
