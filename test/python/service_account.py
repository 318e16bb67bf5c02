"""A service account of our own making, in the file format that Google's consoles hand out."""

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def write_key_file(path: Path, *, token_uri: str, project: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": project,
                "private_key_id": "0123456789abcdef0123456789abcdef01234567",
                "private_key": pem.decode(),
                "client_email": f"tester@{project}.iam.gserviceaccount.com",
                "client_id": "123456789012345678901",
                "token_uri": token_uri,
                "universe_domain": "googleapis.com",
            }
        )
    )
