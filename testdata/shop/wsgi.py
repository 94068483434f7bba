# SPDX-License-Identifier: GPL-3.0-or-later
"""What gunicorn serves: the shop of $APP_VERSION on $SHOP_DATABASE, recorded into $FMD_DIR
when that is set."""
import os

from flask import request

from shop import create_app

app = create_app(os.environ["APP_VERSION"], os.environ["SHOP_DATABASE"])

if "FMD_DIR" in os.environ:
    import fmd_record

    fmd_record.bind(app, application="shop", group_by=lambda: request.cookies.get("customer"))
