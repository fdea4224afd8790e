# nginx as a static upstream: two captures that are done, over http and https. Sourced by run.sh, never run.
# shellcheck shell=bash disable=SC2154

readonly account=023e105f4ecef8ad9ca31a8372d0c353
readonly small_pcap=5ca11000000000000000000000000001 # As large as a simple capture gets.
readonly large_pcap=1a49e000000000000000000000000002 # Too large to be held: it is streamed.
readonly small_packets=10000 small_packet_bytes=160  # 1.8 MB
readonly large_packets=8000 large_packet_bytes=65520 # 524 MB
readonly port_attempts=20

# times N FILE: the file so often, N a multiple of 100.
times() {
  local hundred=$work/hundred i
  for ((i = 0; i < 100; i++)); do cat "$2"; done >"$hundred"
  for ((i = 0; i < $1 / 100; i++)); do cat "$hundred"; done
  rm "$hundred"
}

# le32 NUMBER: as four bytes, the lowest one first.
le32() {
  local shift
  for shift in 0 8 16 24; do printf '%b' "\\x$(printf %02x $(($1 >> shift & 255)))"; done
}

# make_pcap PACKETS PACKET_BYTES: a classic pcap on standard output.
make_pcap() {
  { le32 1700000000 && le32 0 && le32 "$2" && le32 "$2" && head -c "$2" /dev/zero; } >"$work/record"
  le32 $((0xa1b2c3d4)) && le32 $((0x00040002)) && le32 0 && le32 0 && le32 262144 && le32 1
  times "$1" "$work/record"
  rm "$work/record"
}

# make_capture ID PACKETS PACKET_BYTES: what the upstream says of it, and its file.
make_capture() {
  cat >"$work/www/$1.json" <<END
{"success": true, "errors": [], "messages": [], "result": {"id": "$1", "type": "simple", "status": "success",
 "system": "magic-transit", "time_limit": 300, "packet_limit": 10000, "submitted": "2024-01-01T08:00:00Z",
 "filter_v1": {"destination_address": "192.0.2.4", "destination_port": 80, "protocol": 6,
 "source_address": "198.51.100.4", "source_port": 123}}}
END
  make_pcap "$2" "$3" >"$work/www/$1.pcap"
}

make_captures() {
  mkdir "$work/www"
  make_capture "$small_pcap" "$small_packets" "$small_packet_bytes"
  make_capture "$large_pcap" "$large_packets" "$large_packet_bytes"
}

make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/key.pem" -out "$work/cert.pem" 2>>"$log"
}

# nginx_conf PLAIN_PORT TLS_PORT
nginx_conf() {
  if ((EUID == 0)); then echo "user root;"; fi # Or its worker could not read what is ours.
  cat <<END
daemon off;
worker_processes 1;
pid $work/nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_body_temp_path $work/nginx-body;
  proxy_temp_path $work/nginx-proxy;
  fastcgi_temp_path $work/nginx-fastcgi;
  uwsgi_temp_path $work/nginx-uwsgi;
  scgi_temp_path $work/nginx-scgi;
  types { }
  server {
    listen 127.0.0.1:$1;
    listen 127.0.0.1:$2 ssl;
    ssl_certificate $work/cert.pem;
    ssl_certificate_key $work/key.pem;
    location ~ ^/client/v4/accounts/$account/pcaps/([0-9a-f]+)\$ {
      default_type application/json;
      alias $work/www/\$1.json;
    }
    location ~ ^/client/v4/accounts/$account/pcaps/([0-9a-f]+)/download\$ {
      default_type application/vnd.tcpdump.pcap;
      alias $work/www/\$1.pcap;
    }
  }
}
END
}

answers() { curl --silent --fail --cacert "$work/cert.pem" -o /dev/null "$1/accounts/$account/pcaps/$small_pcap"; }

# Sets plain_url and tls_url. nginx cannot pick free ports and say which, so we try some, below those the kernel hands out.
start_upstream() {
  local attempt port deadline
  make_captures
  make_certificate
  for ((attempt = 0; attempt < port_attempts; attempt++)); do
    port=$((10000 + RANDOM % 20000))
    nginx_conf "$port" $((port + 1)) >"$work/nginx.conf"
    start nginx "$nginx" -e stderr -p "$work" -c "$work/nginx.conf"
    plain_url=http://127.0.0.1:$port/client/v4
    tls_url=https://127.0.0.1:$((port + 1))/client/v4
    deadline=$((SECONDS + start_timeout))
    while kill -0 "${pids[-1]}" 2>/dev/null && ((SECONDS < deadline)); do
      if answers "$plain_url" && answers "$tls_url"; then return 0; fi
      sleep 0.05
    done
    stop "${pids[-1]}" 1 || true
    unset 'pids[-1]'
    cat "$work/nginx.log" >>"$log"
  done
  die "nginx did not start; see $log"
}
