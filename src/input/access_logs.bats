#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Access logs as nginx and Apache of Debian themselves write them: started here on a free port of
# this machine, asked a few times, stopped, their logs analyzed.

setup() {
    PATH=${FMD_BUILD:-$PWD/build/release}:$PATH
    work=$(mktemp -d "$BATS_TEST_TMPDIR/log.XXXXXX")
    port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    chmod 755 "$work" && mkdir "$work/www" && echo hello >"$work/www/index.html" && chmod -R a+rX "$work"
    server=
}

teardown() {
    [ -z "$server" ] || { kill "$server" && wait "$server"; } || true
}

ask() { # as six requests to three endpoints, one of them missing
    local i
    for i in $(seq 50); do
        curl -s -o "$work/first" "http://127.0.0.1:$port/" && break
        sleep 0.1
    done
    for path in /cart/17 '/cart/18?a=1' /cart/19 / /; do
        curl -s -o "$work/answer" -u alice:secret -A 'an "agent"' "http://127.0.0.1:$port$path"
    done
}

stop() {
    kill "$server"
    wait "$server" || true
    server=
}

check() { # file of requests: what ask() asked
    run fmd-analyze --repeatable "$1" --format json --quiet
    [ "$status" = 0 ]
    "$BATS_TEST_DIRNAME/../report/check_schema.py" /dev/stdin <<<"$output"
    jq -e '.total.requests == 6 and ([.endpoints[].name] | sort) == ["GET /", "GET /cart/{n}"]' <<<"$output"
    jq -e '[.endpoints[] | select(.name == "GET /cart/{n}") | .requests, .errors.client_4xx] == [3, 3]' <<<"$output"
    jq -e '.total.max_ns < 5e9' <<<"$output"
}

nginx_config() { # log format
    cat <<END
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/error.log;
events {}
http {
    log_format timed '\$remote_addr - \$remote_user [\$time_local] "\$request" \$status \$body_bytes_sent '
        '"\$http_referer" "\$http_user_agent" \$request_time \$upstream_response_time';
    log_format lines escape=json '{"time":"\$time_iso8601","remote_addr":"\$remote_addr","remote_user":"\$remote_user",'
        '"request":"\$request","status":\$status,"request_time":\$request_time,"agent":"\$http_user_agent"}';
    client_body_temp_path $work/a; proxy_temp_path $work/b; fastcgi_temp_path $work/c;
    uwsgi_temp_path $work/d; scgi_temp_path $work/e;
    server { listen 127.0.0.1:$port; root $work/www; access_log $work/access.log $1; }
}
END
}

@test "the log of nginx, with its request time" {
    nginx_config timed >"$work/nginx.conf"
    nginx -p "$work" -c "$work/nginx.conf" -e "$work/error.log" 3>&- &
    server=$!
    ask
    stop
    check "$work/access.log"
    gzip "$work/access.log"
    check "$work/access.log.gz"
}

@test "the log of nginx, as JSON" {
    nginx_config lines >"$work/nginx.conf"
    nginx -p "$work" -c "$work/nginx.conf" -e "$work/error.log" 3>&- &
    server=$!
    ask
    stop
    check "$work/access.log"
    # its times are those of the end; --columns may say otherwise, and the time zone is the log's
    fmd-analyze "$work/access.log" --columns duration=request_time:s --quiet >"$work/report"
}

apache_config() { # log format
    cat <<END
ServerName 127.0.0.1
Listen 127.0.0.1:$port
PidFile $work/apache.pid
DefaultRuntimeDir $work
ErrorLog $work/error.log
DocumentRoot $work/www
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" $1" timed
CustomLog $work/access.log timed
END
}

@test "the log of Apache, with %D" {
    apache_config %D >"$work/apache.conf"
    apache2 -d "$work" -f "$work/apache.conf" -DFOREGROUND 3>&- &
    server=$!
    ask
    stop
    check "$work/access.log"
}
