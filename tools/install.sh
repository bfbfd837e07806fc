#!/bin/sh
# Installs what was built, or removes it again. The Makefile calls it: make install, install-strip, uninstall.
# Usage: VARIABLE=... tools/install.sh install|install-strip|uninstall
# Reads DESTDIR PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR DOCDIR MANDIR (where to; a relative path starts in this
# checkout), BIN LIB VERSION (what), STRIP, CFLAGS LIBS (what programs that use the library need).
set -eu
cd "$(dirname "$0")/.."
action=$1
for name in PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR DOCDIR MANDIR; do
  eval "case \$$name in /*) ;; *) $name=\$PWD/\$$name ;; esac"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# put MODE FOLDER FILE...: installs the files into the folder, or removes those of the same names from it
put() {
  mode=$1 folder=$DESTDIR$2
  shift 2
  if [ "$action" = uninstall ]; then
    for file in "$@"; do rm -f "$folder/${file##*/}"; done
    # An empty folder goes too, if it is one of ours.
    case $folder in *hmem*) rmdir "$folder" 2> /dev/null || : ;; esac
  else
    install -d -m 755 "$folder"
    install -m "$mode" "$@" "$folder"
  fi
}

programs=$(for source in src/experiments/*.cpp; do basename "$source" .cpp; done)
first=${programs%%
*}
completions=$DATADIR/bash-completion/completions
if [ "$action" != uninstall ]; then
  tools/manuals.sh man "$BIN" "$work"
  tools/manuals.sh bash "$BIN" > "$work/$first"

  cat > "$work/hmem.pc" <<END
prefix=$PREFIX
libdir=$LIBDIR
includedir=$INCLUDEDIR

Name: hmem
Description: Hebbian Memory Networks
Version: $VERSION
Cflags: -I"\${includedir}" $CFLAGS
Libs: -L"\${libdir}" -lhmem $LIBS
END

  cat > "$work/hmemConfig.cmake" <<END
if(NOT TARGET hmem::hmem)
  add_library(hmem::hmem STATIC IMPORTED)
  set_target_properties(hmem::hmem PROPERTIES
    IMPORTED_LOCATION "$LIBDIR/libhmem.a"
    INTERFACE_INCLUDE_DIRECTORIES "$INCLUDEDIR"
    INTERFACE_COMPILE_FEATURES cxx_std_17)
  separate_arguments(_hmem_flags UNIX_COMMAND "$CFLAGS")
  separate_arguments(_hmem_libs UNIX_COMMAND "$LIBS")
  set_property(TARGET hmem::hmem PROPERTY INTERFACE_COMPILE_OPTIONS "\$<\$<COMPILE_LANGUAGE:CXX>:\${_hmem_flags}>")
  set_property(TARGET hmem::hmem PROPERTY INTERFACE_LINK_LIBRARIES "\${_hmem_libs}")
endif()
END

  # Before 1.0 the interface may change with the second number.
  cat > "$work/hmemConfigVersion.cmake" <<END
set(PACKAGE_VERSION $VERSION)
if("\${PACKAGE_FIND_VERSION_MAJOR}.\${PACKAGE_FIND_VERSION_MINOR}" STREQUAL "${VERSION%.*}" AND
   NOT PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_EXACT TRUE)
endif()
END
fi

for program in $programs; do
  put 755 "$BINDIR" "$BIN/$program"
  put 644 "$MANDIR/man1" "$work/$program.1"
done
put 644 "$completions" "$work/$first"
for program in $programs; do
  if [ "$program" = "$first" ]; then continue; fi
  if [ "$action" = uninstall ]; then rm -f "$DESTDIR$completions/$program"; continue; fi
  ln -sf "$first" "$DESTDIR$completions/$program"
done

put 644 "$LIBDIR" "$LIB"
put 644 "$LIBDIR/pkgconfig" "$work/hmem.pc"
put 644 "$LIBDIR/cmake/hmem" "$work/hmemConfig.cmake" "$work/hmemConfigVersion.cmake"
folders=$(find include/hmem -depth -mindepth 1 -type d)
for folder in $folders; do put 644 "$INCLUDEDIR${folder#include}" "$folder"/*.h; done

for weights in datasets/weights/babi_task*.safetensors datasets/weights/convnet14_embedded.safetensors; do
  if [ -f "$weights" ]; then put 644 "$DATADIR/hmem/weights" "$weights"; fi
done
put 644 "$DOCDIR/docs/images" docs/images/*
put 644 "$DOCDIR/docs/course" docs/course/*.md
put 644 "$DOCDIR/docs" docs/*.md docs/*.svg docs/*.html
put 644 "$DOCDIR/examples" examples/*.cpp
put 644 "$DOCDIR" README.md LICENSE CHANGELOG.md CITATION.cff

if [ "$action" = install-strip ]; then
  for program in $programs; do "$STRIP" "$DESTDIR$BINDIR/$program"; done
  "$STRIP" -g "$DESTDIR$LIBDIR/${LIB##*/}"
fi
if [ "$action" = uninstall ]; then
  for folder in "$INCLUDEDIR/hmem" "$DATADIR/hmem"; do rmdir "$DESTDIR$folder" 2> /dev/null || :; done
fi
echo "$action: done in $DESTDIR$PREFIX"
