#compdef statesync
# SPDX-License-Identifier: Apache-2.0
# zsh completion of statesync: install as _statesync in a folder of $fpath

_statesync_common=(
    '--server[the server]:ADDRESS:'
    '--world[the world]:NAME:'
    '--player[who is asking]:ID:'
    '--token[bearer token]:TOKEN:'
    '--tls[speak TLS]'
    '--ca[trust these certificates (PEM)]:FILE:_files'
    '--timeout[give up after]:SECONDS:'
    '--json[print JSON]'
    '--base64[print states as base64]'
    '--no-color[print without colours]'
    '--help[explain the command]'
)

_statesync_settings=(
    '--listen.grpc=-[gRPC, health and metrics; none closes the door]:VALUE:'
    '--listen.udp=-[datagrams; none closes the door]:VALUE:'
    '--listen.http=-[browsers\: the inspector and WebSocket; none closes the door]:VALUE:'
    '--advertise.udp=-[the address that clients are told to send datagrams to]:VALUE:'
    '--data=-[folder of the journal; none keeps everything in memory]:VALUE:_files'
    '--journal.checkpoint_bytes=-[of groups, before the newest versions move into tables]:VALUE:'
    '--journal.log_pages=-[of 4 KiB in the write-ahead log, before they move into the database]:VALUE:'
    '--journal.ballast_bytes=-[kept to be given back on a full disk; 0: none]:VALUE:'
    '--tls.cert=-[certificate chain of the server (PEM)]:VALUE:_files'
    '--tls.key=-[its private key (PEM)]:VALUE:_files'
    '--tls.client_ca=-[who signs the certificates of trusted game servers (PEM)]:VALUE:_files'
    '--auth.jwt_keys=-[public keys that sign tokens (JWKS\: ES256, RS256); none\: no tokens]:VALUE:_files'
    '--auth.audience=-[must be among a token'\''s aud; none\: not checked]:VALUE:'
    '--auth.anonymous=-[who may come without a token, as a server]:VALUE:(loopback never)'
    '--worlds.names=-[worlds that are open from the start; a reload opens new ones]:VALUE:'
    '--worlds.tick_hz=-[ticks a second, 1 to 128]:VALUE:'
    '--worlds.tick=-[who closes a tick\: the clock, or the game]:VALUE:(free external)'
    '--worlds.max_rewind_ms=-[most that lag compensation looks back, ms]:VALUE:'
    '--limits.updates_per_second=-[updates a second, per player]:VALUE:'
    '--limits.burst=-[updates at once after a pause, per player]:VALUE:'
    '--limits.request_bytes=-[size of one request]:VALUE:'
    '--limits.state_bytes=-[size of one state, unless its category says]:VALUE:'
    '--limits.category_bytes=-[length of a category'\''s name]:VALUE:'
    '--limits.key_bytes=-[length of a key]:VALUE:'
    '--limits.cells_per_player=-[cells that one player may own]:VALUE:'
    '--limits.bytes_per_player=-[bytes of one player'\''s cells with their history]:VALUE:'
    '--limits.cells_per_world=-[cells of one world]:VALUE:'
    '--limits.worlds=-[worlds open at once]:VALUE:'
    '--limits.connections=-[connections at once]:VALUE:'
    '--limits.connections_per_player=-[connections at once, per player]:VALUE:'
    '--limits.streams_per_connection=-[calls at once on one connection]:VALUE:'
    '--limits.subscriptions=-[subscriptions at once, per player]:VALUE:'
    '--limits.snapshot_bytes=-[a larger snapshot must be asked for in pages]:VALUE:'
    '--limits.parked=-[conflicts waiting for a decision, per world]:VALUE:'
    '--limits.parked_per_player=-[conflicts waiting for a decision, per player]:VALUE:'
    '--schema=-[descriptor set for categories with format protobuf]:VALUE:_files'
    '--log.level=-[least important line that is written]:VALUE:(debug info warn error)'
)

_statesync_commands() {
    local -a commands=(
        'serve:run a server'
        'get:print the state of one cell'
        'set:write the state of one cell'
        'delete:delete one cell'
        'watch:print changes as they happen'
        'snapshot:show every cell that you may see'
        'conflicts:list the conflicts that wait for a decision, or explain one'
        'resolve:decide a conflict'
        'history:list the kept versions of one cell'
        'top:show what a server is doing, live'
        'replay:play a recorded match against a server'
        'demo:see it work'
        'config:check a configuration file'
        'data:check, back up or restore a data folder'
        'delta:code recorded states as deltas, and count the bytes'
        'schema:look at a .proto as the server would; generate code'
        'bench:measure a server, a peer beside it, or the engine alone'
        'sim:run the server in a simulated world, with faults, from a seed'
        'version:print the version of this program'
        'help:explain a command by examples'
    )
    _describe command commands
}

_statesync() {
    if ((CURRENT == 2)); then
        _statesync_commands
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
        serve) _arguments '--config[a YAML file]:FILE:_files' '--log-json[log lines as JSON]' \
                   '--help[explain the command]' $_statesync_settings ;;
        config) _arguments '1:what:(check)' '2:FILE:_files' ;;
        data) _arguments '1:what:(verify stats backup restore)' '2:FOLDER:_files -/' '3:FILE:_files' \
                  '--json[print JSON]' '--help[explain the command]' ;;
        help) _arguments '1:command:_statesync_commands' ;;
        version) _arguments '--help[explain the command]' ;;
        get) _arguments $_statesync_common '--owner[whose cell]:ID:' '--raw[print the bytes]' ;;
        set) _arguments $_statesync_common '--expect[only on top of it]:VERSION:' \
                 '--must-not-exist[only create]' '--owner[whose cell]:ID:' '--hex[VALUE is hex digits]' \
                 '--delta[send what differs]' ;;
        delete) _arguments $_statesync_common '--expect[only on top of it]:VERSION:' '--owner[whose cell]:ID:' ;;
        watch) _arguments $_statesync_common '*--owner[whose cells]:ID:' '--area[around a point]:X,Y,Z,R:' \
                   '--rate[pushes a second]:HZ:' '--count[end after so many changes]:N:' \
                   '--no-deltas[whole states]' '--stats[what deltas saved]' ;;
        snapshot) _arguments $_statesync_common '*--owner[whose cells]:ID:' \
                      '--compress[how it travels]:METHOD:(gzip lz4 zstd)' '--page-size[pages of]:BYTES:' \
                      '--save[keep all of it]:FILE:_files' '--since[only what differs]:FILE:_files' ;;
        conflicts) _arguments $_statesync_common '--category[only of it]:NAME:' '--limit[at most]:N:' ;;
        resolve) _arguments $_statesync_common '1:ID:' \
                     '2:strategy:(last-write-wins merge keep-old manual)' '--hex[VALUE is hex digits]' ;;
        history) _arguments $_statesync_common '--owner[whose cell]:ID:' '--limit[at most]:N:' ;;
        top) _arguments $_statesync_common '--once[one reading]' '--interval[between readings]:SECONDS:' ;;
        replay) _arguments $_statesync_common '1:TRACE:_files' '--speed[times real time]:X|max:' \
                    '--clients[so many]:N:' '--seconds[end after]:N:' '--category[write to it]:NAME:' ;;
        schema) _arguments '1:action:(check describe diff generate train)' '*:FILE:_files' '--mode[the base]:MODE:(acked stream)' '--lang[of the code]:LANGUAGE:(c cpp)' \
                   '--out[not to stdout]:FILE:_files' '--proto-path[of imports]:FOLDER:_files -/' '--strict[care fails too]' ;;
        delta) _arguments '1:action:(pack unpack)' '*:FILE:_files' '--mode[the base]:MODE:(acked stream)' \
                   '--exact[every bit]' ;;
        sim) _arguments '--seed[one run]:S:' '--seeds[many]:A..B:' '--clients[so many]:N:' '--ops[of each]:N:' ;;
        bench) _arguments '1:what:(rpc stream cas world merge journal recover delta)' '--seconds[of a round]:N:' '--json[for programs]' ;;
        *) _arguments $_statesync_common ;;
    esac
}

_statesync "$@"
