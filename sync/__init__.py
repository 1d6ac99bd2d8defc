"""The engine that brings operations in and changes out; it knows kinds only as they are handed to it. See PROTOCOL.md."""
