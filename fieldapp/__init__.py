"""The application: Flask, the domain, and everything declared for the phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import peewee
import structlog
from flask import Flask, g, request
from flask_babel import Babel, get_locale, gettext
from flask_htmx import HTMX
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from fieldapp import config


def create_app(database: peewee.Database | None = None) -> Flask:
    """The wired application on `database` (default: the configured one)."""
    from fieldapp import errors, exchange, features, health, limits, packing, phone, photos, security, uploads
    from fieldapp.db import open_database
    from fieldapp.declare.addition import loader
    from fieldapp.declare.registry import registry
    from fieldapp.declare.template import configure
    from fieldapp.declare.views import field_urls
    from fieldapp.people import session
    from fieldapp.places.register_page import register
    from fieldapp.rescue.views import rescue, rescued
    from fieldapp.review.views import review

    # Through the standard library, which survives a log that cannot be written: the disk may be full.
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    features.declare_all()
    app = Flask(__name__, template_folder=str(config.resources() / "templates"), static_folder=None)
    app.config.update(
        SECRET_KEY=config.secret_key(),
        SESSION_COOKIE_NAME="fieldapp_session",
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        MAX_CONTENT_LENGTH=64 * 1024 * 1024,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a supervisor's page stands open all day
        BABEL_TRANSLATION_DIRECTORIES=str(config.PACKAGE / "words"),
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        RATELIMIT_ENABLED=config.rate_limits(),
    )
    if config.behind_proxy():
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    app.extensions["database"] = database or open_database()

    app.jinja_loader = loader()
    configure(app.jinja_env, utc_offset=config.utc_offset(), words=lambda: registry.words)
    app.jinja_env.globals["asset"] = phone.asset
    Babel(app, locale_selector=session.locale)
    HTMX(app)
    CSRFProtect(app)
    limits.limiter.init_app(app)
    security.init_app(app)
    packing.init_app(app)
    errors.init_app(app)

    app.before_request(exchange.take_a_turn)
    app.teardown_request(exchange.give_the_turn)

    @app.before_request
    def open_and_identify() -> Response | None:
        if request.path.startswith(("/static/", "/sw.js", "/livez", "/readyz", "/manifest")):
            g.me = g.me_view = g.account = None
            return None
        app.extensions["database"].connect(reuse_if_open=True)
        g.load_me = session.load_me
        session.load_me()
        return session.refuse_another()

    @app.context_processor
    def page_context() -> dict[str, Any]:
        moment = config.now()
        clock = {"now": config.instant(moment), "today": config.local_day(moment)}
        pages = [{"url": url, "label": gettext(label)} for _, url, label in registry.desk_pages]
        return {"locale": str(get_locale()), "me": g.get("me_view"), "desk_pages": pages, **clock}

    session.init_app(app)
    app.register_blueprint(field_urls())
    app.register_blueprint(exchange.sync_door)
    app.register_blueprint(uploads.uploads)
    app.register_blueprint(photos.photos)
    app.register_blueprint(review)
    app.register_blueprint(register)
    app.register_blueprint(rescue)
    app.register_blueprint(rescued)
    for desk in features.desks():
        app.register_blueprint(desk)
    app.register_blueprint(phone.phone)
    app.register_blueprint(health.health)
    return app
