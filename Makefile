# hmem - Hebbian Memory Networks. `make help` shows what can be made.

# ---- 1. Switches -----------------------------------------------------------------------------------------------------
VERSION  := 0.1.0
CXX      ?= g++
BLAS     ?= auto
THREADS  ?= 1
MPI      ?= 0
MPICXX   ?= mpicxx
ARCH     ?= portable
WERROR   ?= 0
UNITY    ?= 1
SANITIZE ?=
JOBS     ?= $(shell nproc 2>/dev/null || echo 1)
BIN      ?= bin
TESTS    ?= build
STRIP    ?= strip
DESTDIR    ?=
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
DOCDIR     ?= $(DATADIR)/doc/hmem
MANDIR     ?= $(DATADIR)/man
FOLDERS    := DESTDIR PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR DOCDIR MANDIR
DEMO_FLAGS   ?= --task_id=1 --data_dir=generated --random_state=1 --epochs=20
TEST_FLAGS   ?=
FUZZ_SECONDS ?= 60

$(if $(filter-out auto openblas builtin,$(BLAS)),$(error BLAS must be auto, openblas or builtin, found '$(BLAS)'))
$(if $(filter-out 0 1,$(THREADS)),$(error THREADS must be 0 or 1, found '$(THREADS)'))
$(if $(filter-out 0 1,$(MPI)),$(error MPI must be 0 or 1, found '$(MPI)'))
$(if $(filter-out portable native,$(ARCH)),$(error ARCH must be portable or native, found '$(ARCH)'))
$(if $(filter-out 0 1,$(WERROR)),$(error WERROR must be 0 or 1, found '$(WERROR)'))
$(if $(filter-out 0 1,$(UNITY)),$(error UNITY must be 0 or 1, found '$(UNITY)'))

MAKEFLAGS += --no-builtin-rules --no-print-directory $(if $(filter 0,$(MAKELEVEL)),-j$(JOBS))
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# ---- 2. What this machine has: probed once per variant, again as long as something is missing --------------------
comma   := ,
empty   :=
space   := $(empty) $(empty)
quote    = '$(subst ','\'',$(1))'
# Objects are in SHARED, whatever BLAS, THREADS and MPI are; those of the three files that depend on these settings, and
# the library, are in OUT.
VARIANT := $(if $(SANITIZE),$(subst $(comma),+,$(SANITIZE)),release) $(filter-out g++,$(notdir $(CXX))) \
           $(filter-out portable,$(ARCH))
folder   = build/$(subst $(space),-,$(strip $(1)))
OUT     := $(call folder,$(VARIANT) $(filter-out auto,$(BLAS)) $(if $(filter 0,$(THREADS)),one-thread))
SHARED  := $(if $(findstring command,$(origin OUT)),$(OUT),$(call folder,$(VARIANT)))
$(foreach name,OUT BIN TESTS,$(if $(word 2,$($(name))),$(error $(name) must be a path without blanks, found '$($(name))')))

NO_CONFIG_GOALS := help clean format dist uninstall wasm
ifneq ($(filter-out $(NO_CONFIG_GOALS),$(or $(MAKECMDGOALS),all)),)
include $(OUT)/config.mk
endif
# A stamp changes only with its text; what depends on it is remade then and only then.
stamp = @mkdir -p $(@D); [ "$$(cat $@ 2>/dev/null)" = '$(strip $(1))' ] || echo '$(strip $(1))' > $@
PROBED = CXX='$(CXX)' CPPFLAGS='$(CPPFLAGS)' CXXFLAGS='$(CXXFLAGS)' LDFLAGS='$(LDFLAGS)' LDLIBS='$(LDLIBS)' \
         BLAS='$(BLAS)' PKG_CONFIG_PATH='$(PKG_CONFIG_PATH)' $(if $(filter 1,$(MPI)),MPICXX='$(MPICXX)')
$(OUT)/probed: FORCE ; $(call stamp,$(subst ',,$(PROBED)))
$(OUT)/config.mk: Makefile tools/probe.sh $(OUT)/probed $(if $(findstring missing,$(CONFIG_STATE)),FORCE)
	@$(PROBED) X86_FLAGS='$(ISA_avx2) $(ISA_avx512)' tools/probe.sh $@

# ---- 3. Flags --------------------------------------------------------------------------------------------------------
CLANG    := $(findstring clang,$(CXX))
# g++ sees uninitialised variables in the standard library when it instruments it.
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow $(if $(filter 1,$(WERROR)),-Werror) \
            $(if $(SANITIZE),$(if $(CLANG),,-Wno-maybe-uninitialized))
# Results depend on the next five; CMakeLists.txt reads them here.
RELEASE     := -O3
NUMERIC     := -fno-math-errno -fno-trapping-math -ffp-contract=off
ISA_generic :=
ISA_avx2    := -mavx2 -mfma
ISA_avx512  := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512
TEST_SPEED  := -O0
# With ASan: UBSan does not check what ASan reports at the access. Outside of HOT checks are calls, not inline code.
# Together with NO_ALIGN this saves a third of the compile time.
ASAN     := $(if $(findstring address,$(SANITIZE)),-fno-sanitize=null$(comma)pointer-overflow)
CALLS    := $(if $(ASAN),$(if $(CLANG),,--param asan-instrumentation-with-call-threshold=0))
OPTIMISE := $(if $(SANITIZE),-O1 -g1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize=object-size $(ASAN) \
              -fno-sanitize-recover=all,$(RELEASE))
COMPILE   = $(CXX) -std=c++17 $(OPTIMISE) $(NUMERIC) \
            $(if $(filter native,$(ARCH)),-march=native) $(WARNINGS) -pthread -Iinclude -Isrc $(CPPFLAGS) $(CXXFLAGS)
SETTINGS  = $(BLAS_FLAGS) $(MPI_FLAGS) $(if $(filter 0,$(THREADS)),-DHMEM_ONE_THREAD)
LINK      = $(CXX) $(OPTIMISE) -pthread $(CXXFLAGS) $(LDFLAGS)
LIBRARIES = $(BLAS_LIBS) $(MPI_LIBS) $(LDLIBS)

# ---- 4. Sources: whatever lies in the folders ------------------------------------------------------------------------
ISA_SRC   := $(wildcard src/kernels/simd/isa.cpp)
MAIN_SRC  := $(sort $(wildcard src/experiments/*.cpp))
LIB_SRC   := $(filter-out $(ISA_SRC) $(MAIN_SRC),$(sort $(wildcard src/*/*.cpp src/*/*/*.cpp)))
GRAD_SRC  := $(wildcard tests/grad/*_test.cpp)
CHECK_MAIN  := tests/babi_checker/check_files.cpp
CHECKER_SRC := $(filter-out $(CHECK_MAIN),$(wildcard tests/babi_checker/*.cpp))
TEST_SRC  := $(filter-out $(GRAD_SRC),$(wildcard tests/*/*_test.cpp tests/*/*/*_test.cpp))
BENCH_SRC := $(wildcard bench/*.cpp)
FUZZ_SRC  := $(wildcard tests/fuzz/fuzz_*.cpp)

F32 := $(SHARED)/f32
F64 := $(SHARED)/f64
LIB     := $(OUT)/libhmem.a
LIB_F64 := $(OUT)/libhmem_f64.a
ISA_OBJ     := $(if $(ISA_SRC),$(ISAS:%=$(F32)/src/kernels/simd/isa_%.o))
ISA_F64_OBJ := $(if $(ISA_SRC),$(F64)/src/kernels/simd/isa_generic.o)
SET_SRC     := $(filter src/kernels/blas.cpp src/core/parallel.cpp src/core/ranks.cpp,$(LIB_SRC))
objects      = $(foreach file,$(2),$(if $(filter $(SET_SRC),$(file)),$(OUT),$(SHARED))/$(1)/$(file:.cpp=.o))
f32          = $(call objects,f32,$(1))
f64          = $(call objects,f64,$(1))
LIB_OBJ     := $(call f32,$(LIB_SRC)) $(ISA_OBJ)
# The gradient tests, which alone need double precision, reach these files. Those without floating point are compiled
# once for both libraries; HMEM_NO_REAL makes the inclusion of real.h in them an error.
NO_REAL := $(filter $(addprefix src/core/,$(addsuffix .cpp,atomic_file check files hash interrupt json manual options \
             parallel process program progress ranks run_log shape)),$(LIB_SRC))
F64_SRC := $(filter-out $(NO_REAL),$(filter $(addprefix src/,core/% kernels/% autodiff/% nn/% optim/% models/% \
             train/classifier.cpp),$(LIB_SRC)))
LIB_F64_OBJ := $(call f64,$(F64_SRC)) $(call f32,$(NO_REAL)) $(ISA_F64_OBJ)

# Headers and templates are most of the work of a test file: those of a folder are compiled as one file that includes
# them. With UNITY=0 one by one, which is faster when one of them is worked on.
unity       = $(if $(filter 1,$(UNITY)),$(patsubst %/,$(1)/%/unity.o,$(sort $(dir $(2)))),$(2:%.cpp=$(1)/%.o))
TEST_OBJ    := $(call unity,$(F32),$(TEST_SRC))
GRAD_OBJ    := $(call unity,$(F64),$(GRAD_SRC))
CHECKER_OBJ := $(call unity,$(F32),$(CHECKER_SRC))
UNITY_OBJ   := $(filter %/unity.o,$(TEST_OBJ) $(GRAD_OBJ) $(CHECKER_OBJ))

PROGRAMS       := $(MAIN_SRC:src/experiments/%.cpp=$(BIN)/%)
EXAMPLES       := $(patsubst examples/%.cpp,$(BIN)/examples/%,$(wildcard examples/*.cpp))
BENCH_PROGRAMS := $(BENCH_SRC:bench/%.cpp=$(BIN)/bench_%)
FUZZ_PROGRAMS  := $(FUZZ_SRC:tests/fuzz/%.cpp=$(TESTS)/%)
TEST_PROGRAMS  := $(TESTS)/tests $(TESTS)/tests_f64

all: $(LIB) $(PROGRAMS)
bench-programs: $(BENCH_PROGRAMS)
$(BENCH_SRC:%.cpp=$(F32)/%.o): private EXTRA = -fopenmp-simd
tests: $(TEST_PROGRAMS)
examples: $(EXAMPLES)

# ---- 5. Rules --------------------------------------------------------------------------------------------------------
$(SHARED)/flags: FORCE ; $(call stamp,$(COMPILE) $(TEST_SPEED))
$(SHARED)/objects: FORCE ; $(call stamp,$(UNITY) $(LIB_SRC) $(ISAS) $(TEST_SRC) $(GRAD_SRC) $(CHECKER_SRC))
$(OUT)/settings: FORCE ; $(call stamp,$(SETTINGS))
$(SHARED)/version: FORCE
	$(call stamp,$(VERSION) $(or $(if $(wildcard .git),$(shell git rev-parse --short=12 HEAD 2>/dev/null)),$(ARCHIVED_SHA),unknown))
# `git archive` writes the commit into this file (.gitattributes).
ARCHIVED_SHA = $(shell sed -n 's/^\([0-9a-f]\{12\}\)[0-9a-f]*$$/\1/p' tools/git_sha)
# Programs of all variants share a folder: this remembers which variant made them.
$(BIN)/.linked $(TESTS)/.linked: FORCE ; $(call stamp,$(LINK) $(LIB) $(BLAS_LIBS) $(MPI_LIBS))

compile = @mkdir -p $(@D); echo "  CXX   $@"; $(COMPILE) $(1) $(OWN_FLAGS) -MMD -MP -c -o $@ $<
link    = @mkdir -p $(@D); echo "  LINK  $@"; $(LINK) -o $@ $(filter %.o %.a,$^) $(1) $(LIBRARIES)

version_flags = -DHMEM_VERSION='"$(word 1,$(shell cat $(SHARED)/version))"' \
                -DHMEM_GIT_SHA='"$(word 2,$(shell cat $(SHARED)/version))"'
$(F32)/src/core/program.o: $(SHARED)/version
$(F32)/src/core/program.o: private OWN_FLAGS = $(version_flags)
$(call f32,$(SET_SRC)) $(call f64,$(SET_SRC)): $(OUT)/settings
$(call f32,$(SET_SRC)) $(call f64,$(SET_SRC)): private OWN_FLAGS = $(SETTINGS)
# Script and style of the pages as string literals, one a line, without indentation and lines that are comments.
PAGE := $(patsubst src/%,$(SHARED)/%.inc,$(wildcard src/study/assets/*))
$(PAGE): $(SHARED)/%.inc: src/% Makefile
	@mkdir -p $(@D); sed -e 's/^ *//' -e '/^\/\//d' -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $< > $@
$(F32)/src/study/page_frame.o: $(PAGE)
$(F32)/src/study/page_frame.o: private OWN_FLAGS = -I$(SHARED)
# Only this file sees stb, whose arithmetic on damaged files is not ours to instrument for undefined behaviour.
$(SHARED)/stb: FORCE ; $(call stamp,$(STB_FLAGS))
$(F32)/src/data/images/stb_image.o: $(SHARED)/stb
$(F32)/src/data/images/stb_image.o: private EXTRA = $(FAST) $(STB_FLAGS) -fno-sanitize=undefined
# Where no time is spent, the compiler need not spend any: files outside of HOT and the tests, but for those that
# compute for long. HOT keeps its level when CXXFLAGS has another (distributions say -O2).
FAST = $(if $(SANITIZE),,$(RELEASE))
COLD = $(if $(SANITIZE),-O0 $(CALLS),-O1)
# Only files that read bytes or load vectors need alignment checks; for the others they would take a fifth of the
# compile time.
NO_ALIGN = $(if $(SANITIZE),-fno-sanitize=alignment)
ALIGN    = $(if $(filter src/core/% src/data/% src/kernels/%,$<),,$(NO_ALIGN))
HOT := $(filter $(addprefix src/,kernels/% data/images/% core/half.cpp core/hash.cpp core/rng.cpp core/tensor.cpp \
         $(addprefix study/,attribution.cpp capacity.cpp image_attribution.cpp trace.cpp) train/replicas.cpp \
         train/snapshot.cpp),$(LIB_SRC))
$(filter-out %/stb_image.o,$(call f32,$(HOT))) $(ISA_OBJ) $(ISA_F64_OBJ): private EXTRA = $(FAST) $(ALIGN)
$(filter-out $(call f32,$(HOT)) $(ISA_OBJ),$(LIB_OBJ)): private EXTRA = $(COLD) $(ALIGN)
$(MAIN_SRC:%.cpp=$(F32)/%.o): private EXTRA = $(COLD) $(NO_ALIGN)
$(call f32,$(NO_REAL)): private EXTRA = $(COLD) -DHMEM_NO_REAL
$(call f64,$(F64_SRC)): private EXTRA = $(COLD) $(NO_ALIGN)
$(F32)/tests/%.o $(F64)/tests/%.o: private EXTRA = $(COLD) $(NO_ALIGN) -Itests
# Catch2 itself: it comes last in the link, so that templates are taken from files with the sanitizers.
$(F32)/tests/main.o: private EXTRA = -O0 -Itests $(if $(SANITIZE),-fno-sanitize=all)
$(TEST_OBJ) $(GRAD_OBJ): private EXTRA = $(TEST_SPEED) $(CALLS) $(NO_ALIGN) -Itests $(USE_CATCH_PCH)
$(F32)/tests/fuzz/%.o: private EXTRA = -Itests $(if $(CLANG),,-DHMEM_FUZZ_STANDALONE)

$(F32)/%.o: %.cpp $(SHARED)/flags ; $(call compile,$(EXTRA) $(HEADERS))
$(OUT)/f32/%.o: %.cpp $(SHARED)/flags ; $(call compile,$(EXTRA) $(HEADERS))
$(F64)/%.o: %.cpp $(SHARED)/flags ; $(call compile,-DHMEM_REAL_DOUBLE $(EXTRA) $(HEADERS))
$(OUT)/f64/%.o: %.cpp $(SHARED)/flags ; $(call compile,-DHMEM_REAL_DOUBLE $(EXTRA) $(HEADERS))
$(ISA_OBJ): $(F32)/src/kernels/simd/isa_%.o: $(ISA_SRC) $(SHARED)/flags ; $(call compile,-DHMEM_ISA=$* $(ISA_$*) $(EXTRA))
$(ISA_F64_OBJ): $(ISA_SRC) $(SHARED)/flags ; $(call compile,-DHMEM_REAL_DOUBLE -DHMEM_ISA=generic $(EXTRA))
$(UNITY_OBJ): %.o: %.cpp $(SHARED)/flags
	$(call compile,-iquote . $(if $(filter $(F64)/%,$@),-DHMEM_REAL_DOUBLE) $(EXTRA) $(HEADERS))
in_folder = $(foreach file,$(2),$(if $(filter $(1)/,$(F32)/$(dir $(file)) $(F64)/$(dir $(file))),$(file)))
$(UNITY_OBJ:.o=.cpp): $(SHARED)/objects
	@mkdir -p $(@D); printf '#include "%s"\n' $(strip $(call in_folder,$(@D),$(TEST_SRC) $(GRAD_SRC) $(CHECKER_SRC))) > $@.new; \
	 if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(LIB): $(LIB_OBJ) $(SHARED)/objects
$(LIB_F64): $(LIB_F64_OBJ) $(SHARED)/objects
$(LIB) $(LIB_F64):
	@echo "  AR    $@"; rm -f $@; $(AR) rcsD $@ $(filter %.o,$^)

$(PROGRAMS): $(BIN)/%: $(F32)/src/experiments/%.o $(LIB) $(BIN)/.linked ; $(call link)
$(EXAMPLES): $(BIN)/examples/%: $(F32)/examples/%.o $(LIB) $(BIN)/.linked ; $(call link)
$(BENCH_PROGRAMS): $(BIN)/bench_%: $(F32)/bench/%.o $(LIB) $(BIN)/.linked ; $(call link)
$(BIN)/hmem_signature: $(F32)/tools/signature.o $(LIB) $(BIN)/.linked ; $(call link)
$(FUZZ_PROGRAMS): $(TESTS)/%: $(F32)/tests/fuzz/%.o $(LIB) $(TESTS)/.linked
	$(call link,$(if $(CLANG),-fsanitize=fuzzer))
$(TESTS)/tests: $(TEST_OBJ) $(CHECKER_OBJ) $(LIB) $(F32)/tests/main.o $(SHARED)/objects $(TESTS)/.linked
	$(call link,$(CATCH_LIBS))
$(TESTS)/tests_f64: $(GRAD_OBJ) $(LIB_F64) $(F32)/tests/main.o $(SHARED)/objects $(TESTS)/.linked
	$(call link,$(CATCH_LIBS))
$(TESTS)/babi_check: $(CHECK_MAIN:%.cpp=$(F32)/%.o) $(CHECKER_OBJ) $(TESTS)/.linked ; $(call link)
# Reading headers is most of the work of a small file: g++ gets them precompiled. Files with flags for a processor do
# without, since they would need a copy of their own.
ifeq ($(CLANG),)
# A folder with one for each level of optimisation: g++ 13 and later take none that was made for another. The header
# itself lies beside it, for a compiler that takes none of them.
STD_HEADERS := $(F32)/precompiled.h
STD_LEVELS  := $(addprefix $(STD_HEADERS).gch/,O1 $(if $(SANITIZE),O0,O3))
WITH_HEADERS := $(filter-out $(ISA_OBJ),$(LIB_OBJ)) $(call f64,$(F64_SRC)) \
                $(MAIN_SRC:%.cpp=$(F32)/%.o) $(CHECKER_OBJ)
$(WITH_HEADERS): $(STD_LEVELS) $(STD_HEADERS)
$(WITH_HEADERS): private HEADERS = -include $(STD_HEADERS)
$(STD_LEVELS): $(STD_HEADERS).gch/%: src/precompiled.h $(SHARED)/flags
	$(call compile,-$* -x c++-header)
$(STD_HEADERS): src/precompiled.h
	@mkdir -p $(@D); cp $< $@
USE_CATCH_PCH = -include $(call precision,$@)/tests/catch.h
precision = $(if $(filter $(F64)/%,$(1)),$(F64),$(F32))
$(TEST_OBJ): $(F32)/tests/catch.h.gch
$(GRAD_OBJ): $(F64)/tests/catch.h.gch
$(F32)/tests/catch.h.gch $(F64)/tests/catch.h.gch: tests/catch.h $(SHARED)/flags | need-catch
	$(call compile,$(TEST_SPEED) $(CALLS) $(NO_ALIGN) -Itests -x c++-header $(if $(filter $(F64)/%,$@),-DHMEM_REAL_DOUBLE))
	@cp $< $(@:.gch=)
endif
$(F32)/tests/main.o: | need-catch
need-catch:
	@[ '$(CATCH)' != missing ] || { echo "make: the tests need Catch2: run tools/setup.sh" >&2; exit 1; }

# The playground: these files as WebAssembly, in one page. Needs clang, lld and WASI's C and C++ libraries; nothing else
# needs it. playground/ has what WASI lacks.
WASM     := build/wasm
WASM_CXX ?= clang++
WASM_SRC := $(wildcard playground/*.cpp) $(addprefix src/,$(addsuffix .cpp,$(addprefix core/,check hash progress rng shape \
  tensor text) $(addprefix kernels/,blas dropout elementwise embedding hebbian isa norm optim read_before_write recall_hops \
  scratch softmax simd/isa) $(addprefix autodiff/,ops_basic ops_memory ops_nn tape) $(addprefix nn/,hebbian_memory init layers) \
  $(addprefix optim/,adam optimizer schedule) $(addprefix train/,classifier fit snapshot) models/hmem_qa \
  $(addprefix data/,$(addprefix babi/,batch line parse rename vectorise vocabulary) generator/locations generator/world) \
  study/attribution study/trace tasks/babi/learner))
WASM_OBJ := $(WASM_SRC:%.cpp=$(WASM)/%.o)
WASM_TARGET  = $(WASM_CXX) --target=wasm32-wasi
WASM_COMPILE = $(WASM_TARGET) -std=c++17 $(if $(filter src/kernels/%,$<),-O2,-O1) $(NUMERIC) -msimd128 -fignore-exceptions \
               -DNDEBUG -DHMEM_ISA=generic $(WARNINGS) -isystem playground/wasi -Iinclude -Isrc
$(WASM)/flags: FORCE ; $(call stamp,$(WASM_COMPILE) $(WASM_SRC))
$(WASM)/can-build: $(WASM)/flags
	@echo '#include <string>' > $(WASM)/try.cpp; echo 'int main() {}' >> $(WASM)/try.cpp; \
	 if $(WASM_TARGET) -o $(WASM)/try $(WASM)/try.cpp 2> /dev/null; then touch $@; else \
	 echo "make wasm: $(WASM_CXX) makes no WebAssembly here (tools/setup.sh --ci installs what it needs):" >&2; \
	 tools/setup.sh --check --ci >&2; exit 1; fi
$(WASM_OBJ): $(WASM)/%.o: %.cpp $(WASM)/can-build
	@mkdir -p $(@D); echo "  WASM  $@"; $(WASM_COMPILE) -MMD -MP -c -o $@ $<
$(WASM)/playground.wasm: $(WASM_OBJ)
	@echo "  LINK  $@"; $(WASM_TARGET) -mexec-model=reactor -Wl,--strip-all -Wl,--export=__stack_pointer -Wl,-z,stack-size=1048576 \
	  -Wl,--stack-first -o $@ $(WASM_OBJ)
PLAYGROUND := $(addprefix playground/playground.,html js css) playground/worker.js src/study/assets/page.css
$(WASM)/playground.html: $(WASM)/playground.wasm $(PLAYGROUND)
	@echo "  PAGE  $@"; gzip -9nc $< | base64 -w 0 > $<.gz64; echo >> $<.gz64; cat src/study/assets/page.css playground/playground.css > $(WASM)/style; \
	 sed -e '/^@style@$$/{r $(WASM)/style' -e 'd}' -e '/^@wasm@$$/{r $<.gz64' -e 'd}' -e '/^@worker@$$/{r playground/worker.js' -e 'd}' \
	     -e '/^@script@$$/{r playground/playground.js' -e 'd}' playground/playground.html > $@
wasm: $(WASM)/playground.html

-include $(shell find $(sort $(SHARED) $(OUT)) $(WASM) -name '*.d' 2>/dev/null)

# ---- 6. Things to do -------------------------------------------------------------------------------------------------
demo: $(BIN)/babi_task_single $(BIN)/babi_explain
	$(BIN)/babi_task_single $(DEMO_FLAGS) --save=$(OUT)/demo.safetensors
	@echo; $(BIN)/babi_explain --load=$(OUT)/demo.safetensors --story=7 --brief

test: $(TEST_PROGRAMS) $(PROGRAMS)
	@JOBS='$(JOBS)' TESTS='$(TESTS)' BIN='$(BIN)' OBJECTS='$(if $(SANITIZE),,$(filter-out %_generic.o,$(ISA_OBJ)))' \
	 BUILD='$(LINK)' LIBRARY='$(LIB)' LIBS='$(LIBRARIES)' tests/run.sh all $(TEST_FLAGS)

unit-test: $(TEST_PROGRAMS)
	@JOBS='$(JOBS)' TESTS='$(TESTS)' tests/run.sh unit $(TEST_FLAGS)

check: $(TEST_PROGRAMS)
	@JOBS='$(JOBS)' TESTS='$(TESTS)' tests/run.sh unit '~[data]' $(TEST_FLAGS)

IMAGE_PROGRAMS := $(addprefix $(BIN)/,convnet14_cifar10_mnist_joint image_association_task image_association_task_lstm)
bench: $(BENCH_PROGRAMS) $(BIN)/babi_task_single $(IMAGE_PROGRAMS)
	@set -e; for program in $(BENCH_PROGRAMS); do echo "== $$program"; $$program; done
	@echo "== bench/peer/run.sh"; bench/peer/run.sh --program $(BIN)/babi_task_single
	@echo "== bench/peer/run.sh images"; bench/peer/run.sh images --bin $(BIN)

sanitize:
	@$(MAKE) SANITIZE=address,undefined TESTS=build/sanitize unit-test

signature:
	@$(MAKE) BLAS=builtin BIN=build/signature build/signature/hmem_signature
	@build/signature/hmem_signature

# clang has libFuzzer; with other compilers the fuzzers bring a simple driver of their own.
fuzz:
	@$(MAKE) SANITIZE=address,undefined$(if $(CLANG),$(comma)fuzzer-no-link) TESTS=build/fuzz fuzz-programs
	@set -e; cd build/fuzz; for fuzzer in $(notdir $(FUZZ_PROGRAMS)); do echo "== $$fuzzer"; mkdir -p $$fuzzer.corpus; \
	  ./$$fuzzer $(if $(CLANG),-max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 $$fuzzer.corpus,$(FUZZ_SECONDS)); \
	done
fuzz-programs: $(FUZZ_PROGRAMS)

check-all: test
	+@CXX='$(CXX)' BIN='$(BIN)' FUZZ_SECONDS='$(FUZZ_SECONDS)' tools/check_all.sh

docs: $(PROGRAMS)
	@tools/manuals.sh markdown $(BIN) > docs/programs.md
	@$(BIN)/babi_explain --load=datasets/weights/babi_task2.safetensors --data_dir=generated --story=3 --html=docs/explore.html \
	  < /dev/null > /dev/null

install install-strip: all
install install-strip uninstall:
	@$(foreach name,$(FOLDERS) BIN LIB VERSION STRIP,$(name)=$(call quote,$($(name)))) CFLAGS=-pthread \
	 LIBS='$(strip $(filter -L% -Wl$(comma)-rpath%,$(LDFLAGS)) $(LIBRARIES) -pthread)' tools/install.sh $@

# tools/git_sha in the archive holds the commit (see .gitattributes).
dist:
	git archive --prefix=hmem-$(VERSION)/ -o hmem-$(VERSION).tar.gz HEAD

format:
	clang-format -i $(shell find include src tests bench tools playground -name '*.h' -o -name '*.cpp' -o -name '*.inl')

clean:
	rm -rf build bin

help:
	@sed -n 's/^## \{0,1\}//p' Makefile

## Targets                                  Switches (defaults)
##   all        library and programs          CXX=g++         compiler, also clang++
##   demo       train on stories, explain     BLAS=auto       openblas, or the built-in GEMM: builtin
##   test       unit tests and script tests   THREADS=1       0: one thread
##   unit-test  unit tests alone              ARCH=portable   native: only for this processor
##   check      the same without real data    CPPFLAGS CXXFLAGS LDFLAGS LDLIBS   as usual
##   bench      all benchmarks                MPI=0           1: training over several machines (MPICXX=mpicxx)
##                                            SANITIZE=       for example address,undefined
##   sanitize   unit tests, ASan + UBSan      WERROR=0        1: a warning stops the build
##   signature  hash of the weights after     JOBS=nproc      compilations at the same time
##              20 training steps             DESTDIR= PREFIX=/usr/local BINDIR LIBDIR INCLUDEDIR DATADIR
##   fuzz       broken files for the readers                  DOCDIR MANDIR   where install puts things
##   check-all  test, clang, aarch64, qemu,   UNITY=1         0: compile test files one by one
##              fuzz, clang-tidy              FUZZ_SECONDS=60 for each fuzzer
##   examples   examples/*.cpp               TEST_FLAGS= DEMO_FLAGS=   for the test programs, for the demo
##   wasm       build/wasm/playground.html
##   docs       docs/programs, explore.html   OUT=build/release BIN=bin TESTS=build   folders of objects,
##   dist       hmem-VERSION.tar.gz                           programs and tests
##   install    programs, library, headers, manuals, files for pkg-config and CMake;
##              also install-strip, uninstall
##   format     clang-format (tools/setup.sh --dev)
##   clean      delete build/ and bin/
##
## Examples
##   tools/setup.sh && make demo              from nothing to a trained network
##   make BLAS=builtin THREADS=0              no packages but the compiler and nlohmann-json
##   make CXX=clang++ WERROR=1 test           another compiler, strict
##   make unit-test TEST_FLAGS='[kernel]'     one group of unit tests
##   HMEM_DATA=DIR make test                  with the tests that need DIR/babi/tasks_1-20_v1-2
##   make install PREFIX=$HOME/.local         programs, library and headers
##   make OUT=/tmp/o BIN=/tmp/o/bin TESTS=/tmp/o tests all   nothing is written into this folder
##   make CPPFLAGS=-I/opt/include LDFLAGS='-L/opt/lib -Wl,-rpath,/opt/lib'   packages in another place

FORCE:
.PHONY: FORCE all wasm tests examples bench-programs fuzz-programs need-catch demo test unit-test check bench sanitize signature \
        fuzz check-all docs install install-strip uninstall dist format clean help
