#!/usr/bin/env bash
# Gets a server from a Debian newer than this one, with the libraries that it needs if ours will not do: unpacked, not installed.
# Nothing else on the machine changes. `.ci/get-newer-server.sh valkey-server FOLDER [SUITE]` leaves FOLDER/valkey-server, and prints
# its version.
set -eu
package=${1:?a package, such as valkey-server}
out=$(realpath -m "${2:?a folder for the server}")
suite=${3:-trixie}
files=$out/$package.files
rm -rf "$out/apt" "$files"
mkdir -p "$out/apt/state/lists/partial" "$out/apt/cache/archives/partial"
mirror=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$out/apt/sources.list"
# As if nothing were installed: its C library is newer than ours.
touch "$out/apt/status"
cat >"$out/apt/apt.conf" <<CONFIG
Dir::State "$out/apt/state";
Dir::State::status "$out/apt/status";
Dir::Cache "$out/apt/cache";
Dir::Etc::sourcelist "$out/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
CONFIG
export APT_CONFIG=$out/apt/apt.conf
apt-get update -qq
cd "$out/apt"
apt-get download -qq "$package"
dpkg -x "$package"_*.deb "$files"
program=$(find "$files" -path "*bin/$package")
if "$program" --version >/dev/null 2>&1; then
  mv "$(realpath "$program")" "$out/$package"
  rm -rf "$files"
else
  apt-get install -qq -y --download-only "$package" >/dev/null
  for archive in cache/archives/*.deb; do dpkg -x "$archive" "$files"; done
  loader=$(find "$files" -name 'ld-linux-*.so.*' | head -1)
  libraries=$(dirname "$(find "$files" -name libc.so.6 | head -1)")
  cat >"$out/$package" <<PROGRAM
#!/bin/sh
exec "$loader" --library-path "$libraries" --argv0 "$package" "$program" "\$@"
PROGRAM
  chmod +x "$out/$package"
fi
cd "$out"
rm -rf apt
"./$package" --version
