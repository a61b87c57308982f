# SPDX-License-Identifier: Apache-2.0
# bash completion of statesync: install as /usr/share/bash-completion/completions/statesync

_statesync_settings="
--listen.grpc=
--listen.udp=
--listen.http=
--advertise.udp=
--data=
--journal.checkpoint_bytes=
--journal.log_pages=
--journal.ballast_bytes=
--tls.cert=
--tls.key=
--tls.client_ca=
--auth.jwt_keys=
--auth.audience=
--auth.anonymous=
--worlds.names=
--worlds.tick_hz=
--worlds.tick=
--worlds.max_rewind_ms=
--limits.updates_per_second=
--limits.burst=
--limits.request_bytes=
--limits.state_bytes=
--limits.category_bytes=
--limits.key_bytes=
--limits.cells_per_player=
--limits.bytes_per_player=
--limits.cells_per_world=
--limits.worlds=
--limits.connections=
--limits.connections_per_player=
--limits.streams_per_connection=
--limits.subscriptions=
--limits.snapshot_bytes=
--limits.parked=
--limits.parked_per_player=
--schema=
--log.level="

_statesync_flags_of() {
    local common="--server --world --player --token --tls --ca --timeout --json --base64 --no-color --help"
    case $1 in
        serve)     echo "--config --log-json --help $_statesync_settings" ;;
        config | version | help) echo "--help" ;;
        data)      echo "--json --help" ;;
        get)       echo "--owner --raw $common" ;;
        set)       echo "--expect --must-not-exist --owner --hex --delta $common" ;;
        delete)    echo "--expect --owner $common" ;;
        watch)     echo "--owner --area --rate --count --no-deltas --stats $common" ;;
        snapshot)  echo "--owner --compress --page-size --save --since $common" ;;
        conflicts) echo "--category --limit $common" ;;
        resolve)   echo "--hex $common" ;;
        history)   echo "--owner --limit $common" ;;
        top)       echo "--once --interval $common" ;;
        replay)    echo "--speed --clients --seconds --category $common" ;;
        schema)    echo "--lang --mode --out --proto-path --strict --help" ;;
        delta)     echo "--mode --exact --json" ;;
        bench)     echo "--server --seconds --warmup --rounds --peer --inflight --connections --streams --per-write --per-frame --rate --load --durability --cells --history --folder --groups --effects --mode --exact --rotation-levels --walks --plot --spin --json" ;;
        sim)       echo "--seed --seeds --clients --ops --faults --shrink --twice --verbose" ;;
        *)         echo "$common" ;;
    esac
}

_statesync_complete() {
    local commands="serve get set delete watch snapshot conflicts resolve history top replay demo config data delta schema bench sim version help"
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
        return
    fi
    case $before in
        --config | --ca | --out | check | replay) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        --compress) mapfile -t COMPREPLY < <(compgen -W "gzip lz4 zstd" -- "$word"); return ;;
        help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word"); return ;;
        config) mapfile -t COMPREPLY < <(compgen -W "check" -- "$word"); return ;;
        schema) mapfile -t COMPREPLY < <(compgen -W "check describe diff generate train" -- "$word"); return ;;
        --lang) mapfile -t COMPREPLY < <(compgen -W "c cpp" -- "$word"); return ;;
        data) mapfile -t COMPREPLY < <(compgen -W "verify stats backup restore" -- "$word"); return ;;
    esac
    if [[ ($command == data || $command == schema) && $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    fi
    if [[ $command == resolve && $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "last-write-wins merge keep-old manual" -- "$word")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$(_statesync_flags_of "$command")" -- "$word")
    if [[ ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}

complete -F _statesync_complete statesync
