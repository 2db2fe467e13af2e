"""Settings: one typed class, read from the environment (prefix PORTAL_); secrets may lie in files that it names. Without its
secrets nothing starts.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
VERSION = "0.1.0"
IN_FILES = ("secret_key", "database_url", "redis_url")  # PORTAL_<NAME>_FILE: the name of a file that holds the value


class Settings(BaseSettings):
    """Every setting of the portal. Names in the environment: PORTAL_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    secret_key: SecretStr = Field(description="signs and encrypts; at least 32 characters")
    base_url: str = Field(description="address that people type, such as https://portal.example.se")
    data_dir: Path = Field(default=ROOT / "var", description="files, search index and the SQLite database")
    database_url: str = Field(default="", description="SQLAlchemy address; default is SQLite in data_dir")
    redis_url: str = Field(default="", description="only when several web processes share live threads and rate limits")
    search_engine: Literal["whoosh", "postgresql"] = Field(
        default="whoosh",
        description="whoosh lies in data_dir, for one machine; postgresql in the database, for several",
    )
    environment: Literal["production", "demo", "test"] = "production"
    max_upload_bytes: int = Field(default=500_000_000, ge=1024, description="largest file that can be added")
    max_text_chars: int = Field(default=50_000, ge=1_000, description="longest text of a post or a note")
    session_idle_minutes: int = Field(default=30, ge=1, le=120)
    session_hours: int = Field(default=8, ge=1, le=10)
    sign_in_limit: str = Field(default="30/minute", description="look-ups and sign-ins from one address")
    public_limit: str = Field(default="60/minute", description="answers by link and calendar feeds, from one address")
    write_limit: str = Field(default="120/minute", description="writes of one person")
    organisation_write_limit: str = Field(default="1200/minute", description="writes of all people of one organisation")
    address_write_limit: str = Field(
        default="2400/minute", description="writes from one address, which may be a whole authority's; signed in or not"
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=9,
        description="reverse proxies in front; each adds to X-Forwarded-For where a request came from",
    )
    clamd_url: str = Field(
        default="",
        description="virus scanner: tcp://host:3310 or unix:///run/clamav/clamd.ctl; its StreamMaxLength must not be less than "
        "max_upload_bytes. Without one, files are not scanned",
    )
    support_email: str = "support@portal.example"
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="mail server: smtp://host:25, smtp+starttls://user:password@host:587 or smtps://…; without one, mail is "
        "kept in the folder mail of data_dir",
    )
    mail_from: str = Field(default="portal@portal.example", description="the portal's own address")
    reply_to: str = Field(
        default="",
        description="address whose mail reaches `flask mail receive`; a signed part is added after a plus sign. Without it, "
        "calendar programs' own answers are not asked for",
    )
    mail_checked_by: str = Field(
        default="",
        description="name that your mail server puts first in its Authentication-Results headers (RFC 8601). With it and reply_to, "
        "posts can be answered by mail",
    )
    dkim_key_file: str = Field(default="", description="private RSA key (PEM) that mail is signed with")
    dkim_selector: str = Field(default="", description="under which name the public key stands in the DNS")
    dkim_domain: str = Field(default="", description="whose key it is; by default the domain of mail_from")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError("must be an address such as https://portal.example.se")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, value: str) -> str:
        if value and value.split(":", 1)[0] not in {"sqlite", "postgresql", "postgres"}:
            raise ValueError("must be an address such as postgresql://portal@database/portal, or left out for SQLite")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must be an address such as redis://127.0.0.1:6379/0")
        return value

    @field_validator("clamd_url")
    @classmethod
    def _is_scanner(cls, value: str) -> str:
        parts = urlsplit(value)
        is_tcp = parts.scheme == "tcp" and parts.hostname and parts.port
        if value and not is_tcp and not (parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")):
            raise ValueError("must be an address such as tcp://127.0.0.1:3310 or unix:///run/clamav/clamd.ctl")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (parts.scheme not in {"smtp", "smtp+starttls", "smtps"} or not parts.hostname):
            raise ValueError("must be an address such as smtp+starttls://user:password@mail.example.se:587")
        return value

    @field_validator("mail_from", "reply_to")
    @classmethod
    def _is_mail_address(cls, value: str) -> str:
        local, at, domain = value.rpartition("@")
        if value and not (local and at and domain and value.isascii() and value.isprintable() and " " not in value):
            raise ValueError("must be an e-mail address")
        return value

    @field_validator("sign_in_limit", "public_limit", "write_limit", "organisation_write_limit", "address_write_limit")
    @classmethod
    def _is_limit(cls, value: str) -> str:
        try:
            parse_many(value)
        except ValueError:
            raise ValueError("must be a limit such as 30/minute") from None
        return value

    @field_validator("log_level")
    @classmethod
    def _no_debug_logs(cls, value: str) -> str:
        # the sign-in library prints code verifiers at this level (security.md, section 1)
        if value == "DEBUG":
            raise ValueError("DEBUG would print sign-in secrets")
        return value

    @model_validator(mode="after")
    def _encrypted_unless_local(self) -> Self:
        if not self.is_https and not self._is_loopback:
            raise ValueError("base_url must be https unless the portal runs on this machine only")
        if self.environment == "production" and not self.is_https:
            raise ValueError("base_url must be https in production")
        return self

    @model_validator(mode="after")
    def _signed_by_a_name(self) -> Self:
        if bool(self.dkim_key_file) != bool(self.dkim_selector):
            raise ValueError("dkim_key_file and dkim_selector are both needed")
        return self

    @model_validator(mode="after")
    def _search_where_it_can_be(self) -> Self:
        if self.search_engine == "postgresql" and not self.database_url.startswith("postgres"):
            raise ValueError("search_engine can be postgresql only when database_url is")
        return self

    @property
    def is_https(self) -> bool:
        """Whether people reach the portal over TLS: decides cookie prefix, Secure and HSTS."""
        return self.base_url.startswith("https://")

    @property
    def hosts(self) -> list[str]:
        """The host names that the portal answers to."""
        host = urlsplit(self.base_url).hostname or ""
        return [host, "localhost", "127.0.0.1"] if self._is_loopback else [host]

    @property
    def _is_loopback(self) -> bool:
        host = urlsplit(self.base_url).hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def admits_loopback(self) -> bool:
        """Whether identity providers on this machine may be called: only in the demo and in tests."""
        return self.environment != "production"

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy address in use."""
        url = self.database_url or f"sqlite:///{self.data_dir.resolve() / 'portal.db'}"
        if url.startswith("postgres"):
            return "postgresql+psycopg://" + url.split("://", 1)[1]
        return url


def _from_files() -> dict[str, Any]:
    """The values that lie in files. Raises ValueError with a sentence."""
    values: dict[str, Any] = {}
    for field in IN_FILES:
        name = f"PORTAL_{field.upper()}"
        path = os.environ.get(f"{name}_FILE")
        if not path:
            continue
        if os.environ.get(name):
            raise ValueError(f"{name} and {name}_FILE are both set.")
        try:
            values[field] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"{name}_FILE names a file that cannot be read.") from None
    return values


def _refuse_env_file() -> None:
    """Flask's command line would read a `.env`, the web process would not: two truths. Raises ValueError with a sentence."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        file = folder / ".env"
        if file.is_file() and "PORTAL_" in file.read_text(encoding="utf-8", errors="replace"):
            raise ValueError(f"{file} would be read by commands only. Put its settings into the environment.")


def load() -> Settings:
    """The settings of this process. Wrong or absent ones end it with one sentence and exit code 2."""
    try:
        _refuse_env_file()
        return Settings(**_from_files())
    except ValueError as error:
        if not isinstance(error, ValidationError):
            print(error, file=sys.stderr)
            raise SystemExit(2) from None
        first = error.errors()[0]
        name = "PORTAL_" + "_".join(str(part) for part in first["loc"]).upper() if first["loc"] else "Settings"
        reason = "is not set" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
        print(f"{name} {reason}.", file=sys.stderr)
        raise SystemExit(2) from None
