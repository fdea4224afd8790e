# What is asked of the images, and the main job done with them. Sourced by image.sh, never run.
# shellcheck shell=bash disable=SC2154

readonly account=023e105f4ecef8ad9ca31a8372d0c353
readonly token=emulator-token

label() { config "$1" ".Labels.\"org.opencontainers.image.$2\""; }

# What the image tells the one that runs it.
check_config() {
  check "$1: the user is a number, and not root's" equal "$(config "$1" .User)" 65532:65532
  check "$1: starts without a shell, and with nothing of the base's command" equal \
    "$(config "$1" .Entrypoint) $(config "$1" .Cmd)" "$2"
  check "$1: exposes $3" equal "$(config "$1" .ExposedPorts)" "$3"
  check "$1: MALLOC_ARENA_MAX=2, and the base's PATH" equal "$(config "$1" .Env)" \
    '["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","MALLOC_ARENA_MAX=2"]'
  check "$1: the title, revision and licenses of the build" equal \
    "$(label "$1" title), $(label "$1" revision), $(label "$1" licenses)" "$1, of-a-test, none"
  check "$1: has a description" grep --quiet '[a-z]' <<<"$(label "$1" description)"
  check "$1: the version is the project's" equal "$(label "$1" version)" "$version"
}

packages_in() { dpkg-query --admindir "$1/var/lib/dpkg" --show --showformat '${Package}\n' | sort; }
megabytes() { du --summarize --apparent-size --block-size=1000000 --one-file-system "$1" | cut -f 1; }

finds_libraries() {
  local libraries
  libraries=$(in_image "$1" ldd "$2")
  ! grep 'not found' <<<"$libraries" && grep --quiet 'libc\.so' <<<"$libraries"
}

# check_content IMAGE PROGRAM...: what is in its file system.
check_content() {
  local root=${containers[$1]} program added mb
  added=$(comm -13 <(packages_in "${containers[$base]}") <(packages_in "$root"))
  echo "      $1: adds $(wc -l <<<"$added") packages: $(tr '\n' ' ' <<<"$added")"
  check "$1: nothing to build with" nothing \
    "$(grep -E -e '-dev$|^(g\+\+|gcc|cpp|binutils|cmake|ninja|ccache|make|protobuf-compiler)' <<<"$added")"
  check "$1: no source, no list of apt's" nothing \
    "$(find "$root/src" "$root/out" "$root"/var/lib/apt/lists/*Packages* 2>/dev/null)"
  check "$1: its user owns nothing, and may write to what is for all alone" nothing \
    "$(find "$root" -xdev \( -uid 65532 -o -perm -o=w ! -perm -o=t ! -type l \) ! -type c -printf '%P\n')"
  for program in "${@:2}"; do
    check "$1: $program finds its libraries" finds_libraries "$1" "/usr/local/bin/$program"
    [[ $program == pcaps-emulator ]] || # Has no version of its own.
      check "$1: $program is of this version" equal "$(in_image "$1" "/usr/local/bin/$program" --version)" "$program $version"
  done
  mb=$(($(megabytes "$root") - $(megabytes "${containers[$base]}")))
  check "$1: $mb MB beyond the base's $(megabytes "${containers[$base]}"), at most $most_mb" test "$mb" -le "$most_mb"
}

write_files() {
  printf '%s' "$token" >"$work/files/token"
  cat >"$work/files/gateway.yaml" <<END
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
upstream:
  base_url: $1/client/v4
  credentials: [{name: default, token_file: /etc/pcaps-gateway/token, accounts: ["*"]}]
drain: {delay: 0s}
END
}

# status PID FIELD...: of /proc/PID/status, on one line.
status() {
  local field
  for field in "${@:2}"; do sed -n "s/^$field:\s*//p" "/proc/$1/status" | tr -s '\t ' ' '; done | paste -s -d ' '
}

# health_check PORT: what compose.yaml has bash do, of another port.
health_check() {
  sed -n 's/.*"bash", "-c", "\(.*\)"\]$/\1/p' "$repo/deploy/compose.yaml" | sed "s|/8080|/$1|; s|\\\\\\\\|\\\\|g"
}

capture() {
  in_image pcaps-gateway /usr/local/bin/pcapctl capture --target "$1" --account "$account" --packets 100 --protocol tcp \
    --dport 443 -o - >"$work/capture.pcap"
}

# Gateway and emulator as containers; pcapctl in a third one, which writes the capture to its standard output.
main_job() {
  local upstream target admin gateway
  run_image emulator pcaps-emulator --listen 127.0.0.1:0 --token "$token" --simple-duration 1s
  upstream=$(listening_address emulator 's|^pcaps-emulator listening on \(http://.*\)$|\1|p')
  write_files "$upstream"
  check "the gateway accepts its configuration" in_image pcaps-gateway /usr/local/bin/pcaps-gateway \
    --config /etc/pcaps-gateway/gateway.yaml --check-config
  run_image gateway pcaps-gateway --config /etc/pcaps-gateway/gateway.yaml
  target=$(listening_address gateway '/"event":"listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
  gateway=${pids[-1]}

  check "the gateway is process 1" equal "$(status "$gateway" NSpid | sed 's/.* //')" 1
  check "it runs as 65532 with no capability, and can get none" equal \
    "$(status "$gateway" Uid Gid CapEff CapPrm CapBnd NoNewPrivs)" \
    "65532 65532 65532 65532 65532 65532 65532 65532 0000000000000000 0000000000000000 0000000000000000 1"
  check "its root cannot be written to" grep --quiet --extended-regexp '^\S+ \S+ \S+ \S+ / ro[, ]' "/proc/$gateway/mountinfo"
  admin=$(listening_address gateway '/"event":"admin_listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
  check "the health check of compose.yaml succeeds" in_image pcaps-gateway bash -c "$(health_check "${admin##*:}")"
  check "and fails where nobody listens" fails_with refused in_image pcaps-gateway bash -c "$(health_check 1)"
  check "pcapctl takes a capture" capture "$target"
  check "tcpdump reads its 100 packets" equal "$(tcpdump -nr "$work/capture.pcap" 2>/dev/null | wc -l)" 100
  end_image gateway 40
  check "the gateway ends on SIGTERM with exit code 0" equal "$code" 0
  check "and has logged the download" grep --quiet '"/pcaps.v1.PcapsService/DownloadPcap","code":"OK"' "$work/gateway.log"
}
