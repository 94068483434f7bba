# SPDX-License-Identifier: Apache-2.0
"""Two Flask applications in one process, one mounted below the other, each with a name and
a version of its own. Recorded into $FMD_DIR."""
import flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import fmd_record

shop, back_office = flask.Flask("shop"), flask.Flask("back office")
fmd_record.bind(shop, application="shop", version="1.0")
fmd_record.bind(back_office, application="back office", version="2.0")


@shop.get("/cart/<int:number>")
def cart(number):
    return {"cart": number}


@back_office.get("/orders")
def orders():
    return {"orders": []}


app = DispatcherMiddleware(shop, {"/office": back_office})
