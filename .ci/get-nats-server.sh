#!/usr/bin/env bash
# Gets a current nats-server on Debian, whose own is years behind: from the suite `sid`, unpacked and not installed.
# `.ci/get-nats-server.sh FOLDER [SUITE]` leaves FOLDER/nats-server, and prints its version. Nothing else on the machine changes.
set -eu
out=$(realpath -m "${1:?a folder for the server}")
suite=${2:-sid}
mkdir -p "$out/apt/state/lists/partial" "$out/apt/cache/archives/partial"
mirror=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$out/apt/sources.list"
cat >"$out/apt/apt.conf" <<CONFIG
Dir::State "$out/apt/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$out/apt/cache";
Dir::Etc::sourcelist "$out/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "root";
CONFIG
export APT_CONFIG=$out/apt/apt.conf
apt-get update -qq
cd "$out/apt"
apt-get download -qq nats-server
dpkg -x nats-server_*.deb unpacked
mv unpacked/usr/sbin/nats-server "$out/nats-server"
cd "$out"
rm -rf apt
./nats-server --version
