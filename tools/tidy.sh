#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tidiness is a test: SPDX tags, floors without cycles, no monsters, no binaries, no stray spaces,
# planted bugs that fit.
set -eu
cd "$(dirname "$0")/.."
bad=0
complain() {
    echo "tidy: $*" >&2
    bad=1
}
files=$(git ls-files --cached --others --exclude-standard)

for file in $files; do
    [ -f "$file" ] || continue
    case $file in
    LICENSE | *.md | */corpus/* | share/* | docs/*.txt | docs/*.json | docs/*.png | docs/*.svg | docs/*.cast | .gitignore) continue ;;
    *package.json | *package-lock.json) continue ;;
    esac
    head -n 5 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || complain "$file: no SPDX line"
done

for file in $(printf '%s\n' $files | grep -E '\.(c|h|sh|py|go|js|proto|md)$'); do
    [ -f "$file" ] || continue
    ! grep -nE '[[:space:]]+$' "$file" >/dev/null || complain "$file: blanks at the end of a line"
done

for file in $(printf '%s\n' $files | grep -E '^src/.*\.(c|h)$'); do
    lines=$(wc -l <"$file")
    case $file in */test_*) most=1400 ;; */table_*) most=100000 ;; *) most=700 ;; esac
    [ "$lines" -le "$most" ] || complain "$file: $lines lines (a second noun living there?)"
done

for file in $files; do
    [ -f "$file" ] || continue
    [ "$(wc -c <"$file")" -le 1048576 ] || complain "$file: over 1 MiB"
done

# A planted bug that no longer fits would silently go untested until the next ./test --all.
for bug in tests/planted/*.patch; do
    git apply --check "$bug" 2>/dev/null || complain "$bug: does not apply any more"
done

# Floors: every include of a folder names only folders that tools/floors.sh allows it.
tools/floors.sh . . --list | while IFS=': ' read -r folder below; do
    [ -n "$folder" ] && [ -d "src/$folder" ] || continue
    for used in $(grep -hoE '^#include "[a-z]+/' "src/$folder"/*.[ch] | sed 's/.*"\(.*\)\//\1/' | sort -u); do
        [ "$used" = statesync ] && continue
        case " $folder $below " in *" $used "*) ;; *) echo "$folder includes $used" ;; esac
    done
done >/tmp/tidy.$$
[ ! -s /tmp/tidy.$$ ] || complain "floors: $(cat /tmp/tidy.$$)"
rm -f /tmp/tidy.$$
exit $bad
