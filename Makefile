# Targets for people; .ci/run calls the same ones.
GO          ?= go
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK ?= golang.org/x/vuln/cmd/govulncheck@v1.9.0
DATA        ?= $(TTAD_SHARED)/data
# Those with goroutines, or that are used by several; not arithmetic on slices, oracles, training.
RACE_PKGS    = ./stream/... ./tta/... ./internal/daemon/... ./internal/demo ./models ./integration/... \
	./accel ./accel/cpu ./accel/cuda/... ./accel/dynlib ./accel/handles ./accel/launch ./accel/opencl/... ./accel/ptx

.PHONY: help build test race purego fuzz lint kernels kernels-check docs docs-check check vuln bench bench-devices bench-peers bench-go results train-demo demo-figure

help: ## list targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## one binary in bin/ttad: no cgo; loaded by glibc, so that it can open drivers' libraries
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/ttad ./cmd/ttad

.PHONY: static
static: ## one static binary in bin/ttad-static, for the processor only: it runs on Alpine and on nothing, too
	CGO_ENABLED=0 $(GO) build -trimpath -tags noaccel -o bin/ttad-static ./cmd/ttad

test: ## all unit and integration tests
	$(GO) test ./...

race: ## the concurrent packages under the race detector
	$(GO) test -race -short $(RACE_PKGS)

purego: ## the kernels' tests without assembly
	$(GO) test -tags purego ./accel/cpu/... ./accel/dense ./models/...

lint: ## gofmt, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

KERNELS = accel/cpu/kernel
kernels: ## write the generated assembly again
	for isa in avx512 avx2; do \
		$(GO) -C $(KERNELS)/gen run . -isa $$isa -out ../$${isa}_amd64.s -stubs ../$${isa}_amd64.go -pkg kernel || exit 1; \
		$(GO) -C $(KERNELS)/gen run ./vector -isa $$isa -out ../../vector/$${isa}_amd64.s -stubs ../../vector/$${isa}_amd64.go -pkg vector || exit 1; \
	done
	for pkg in kernel vector; do \
		$(GO) -C $(KERNELS)/gen run ./neon -pkg $$pkg -out ../../$$pkg/neon_arm64.s -stubs ../../$$pkg/neon_arm64.go || exit 1; \
	done

kernels-check: kernels ## fail when the generated assembly is not what its generator writes
	$(GO) -C $(KERNELS)/gen vet ./...
	git diff --exit-code -- '$(KERNELS)/avx*_amd64.*' '$(KERNELS)/../vector/avx*_amd64.*' '$(KERNELS)/neon_arm64.*' '$(KERNELS)/../vector/neon_arm64.*'

.PHONY: neon neon-vet
QEMU  ?= qemu-aarch64-static
ARM64  = GOARCH=arm64 CGO_ENABLED=0 $(GO)
neon: neon-vet ## the arm64 kernels and what runs on them, emulated (needs qemu-user-static)
	$(ARM64) test -exec $(QEMU) ./accel/cpu/kernel ./accel/cpu/vector
	$(ARM64) test -exec $(QEMU) -short -run '^TestDevice$$|^TestWinograd' ./accel/cpu

neon-vet: ## frames and types of the arm64 kernels
	$(ARM64) vet ./accel/...

.PHONY: ptx ptx-check
CLANG   ?= clang-14
CL       = accel/kernels
CLFIRST  = common.cl math.cl group.cl tile.cl
CLFILES  = $(CLFIRST) $(filter-out $(CLFIRST),$(sort $(notdir $(wildcard $(CL)/*.cl))))
CLFLAGS  = -x cl -target nvptx64-nvidia-cuda -cl-std=CL1.2 -cl-no-stdinc -I $(CL) -include nvptx_shim.h \
	-O3 -ffp-contract=off -mllvm -inline-threshold=100000 \
	-Xclang -target-cpu -Xclang sm_52 -Xclang -target-feature -Xclang +ptx60
ptx: ## write the kernels' PTX again (needs clang 14: another one writes other text)
	@$(CLANG) --version | grep -q 'version 14\.' || { echo "$(CLANG) is not clang 14: apt-get install clang-14"; exit 1; }
	@for f in $(CLFILES); do printf '#line 1 "%s"\n' $$f; cat $(CL)/$$f; echo; done \
		| $(CLANG) $(CLFLAGS) -S - -o $(CL)/kernels.ptx.$$$$ && mv $(CL)/kernels.ptx.$$$$ $(CL)/kernels.ptx || { rm -f $(CL)/kernels.ptx.$$$$; exit 1; }

ptx-check: ptx ## fail when the committed PTX is not what the kernels compile to
	git diff --exit-code -- $(CL)/kernels.ptx

.PHONY: ptxas
PTXAS ?= ptxas
CARDS ?= 52 53 60 61 62 70 72 75 80 86 87 89 90
ptxas: ## does NVIDIA's assembler take the PTX, for all cards and without spills? (needs ptxas of a toolkit, no card)
	@for sm in $(CARDS); do \
		said=$$($(PTXAS) -arch=sm_$$sm -v $(CL)/kernels.ptx -o /dev/null 2>&1) || { echo "$$said"; exit 1; }; \
		echo "$$said" | awk -v sm=$$sm '/Compiling/ {n++} /Used/ {for (i = 1; i < NF; i++) if ($$i == "Used" && $$(i+1) > most) most = $$(i+1)} \
			/spill/ && !/ 0 bytes spill stores, 0 bytes spill loads/ {spills++} \
			END {printf "sm_%d: %d kernels, at most %d registers, %d with spills\n", sm, n, most, spills; exit spills > 0 || n == 0}' || exit 1; \
	done

.PHONY: mutation
mutation: ## 400 mutants of the kernels' PTX of each kind: which ones do tests not notice? (3 minutes)
	PTX_MUTANTS=400 $(GO) test -v -timeout 20m -run '^TestDevice$$' ./accel/ptx | grep -E 'noticed|^(---|ok|FAIL)'

.PHONY: oclgrind
oclgrind: ## every OpenCL kernel interpreted: races and accesses outside of memory (needs oclgrind; a minute)
	$(GO) vet -tags oclgrind ./accel/opencl
	$(GO) test -count=1 -tags oclgrind -run 'TestNoKernel|IsReported' ./accel/opencl

docs: ## regenerate the generated documents
	$(GO) run ./internal/gendocs

docs-check: docs ## fail when generated documents are out of date
	git diff --exit-code -- docs configs

.PHONY: gpu-check
gpu-check: ## for a machine with an NVIDIA card: check it and write gpu-report.md, to be sent back
	$(GO) run -buildvcs=true ./internal/gpucheck -o gpu-report.md

vuln: ## known vulnerabilities in what we call (needs the network)
	$(GO) run $(GOVULNCHECK) ./...

check: lint kernels-check ptx-check docs-check test race purego ## most of what CI runs; .ci/run is all of it

bench: ## docs/performance.md: us beside the engines found here (make bench-peers); 10 minutes of a quiet machine
	$(GO) run ./internal/bench -data "$(DATA)" -o docs/performance.md

bench-devices: ## docs/performance.md: PoCL beside the engine, and what a card needs at least; 4 minutes
	$(GO) run ./internal/bench devices -data "$(DATA)" -o docs/performance.md

ONNXRUNTIME ?= onnxruntime-node@1.30.0
bench-peers: ## fetch ONNX Runtime for bench into .cache/peers (needs npm; 290 MB)
	npm install --prefix .cache/peers --ignore-scripts --no-audit --no-fund $(ONNXRUNTIME)

bench-go: ## the packages' own benchmarks: kernels, strategies, codecs
	$(GO) test -run '^$$' -bench . -benchmem ./accel/... ./errmem ./tta/... ./stream/... ./models/...

results: ## docs/results.md from the research data in $(DATA): CIFAR-10-C streams, tables and models
	$(GO) run ./internal/results -data "$(DATA)" -o docs/results.md

FMNIST      ?= .cache/fashion-mnist
train-demo: ## train the bundled model again (fetches Fashion-MNIST; about 11 minutes on one core)
	test -d $(FMNIST) || git clone --depth 1 https://github.com/zalandoresearch/fashion-mnist $(FMNIST)
	$(GO) run ./internal/demo/train -data $(FMNIST)/data/fashion -out internal/demo/data/model.onnx

demo-figure: ## docs/demo.svg, the picture in the README
	$(GO) run ./cmd/ttad demo --out docs/demo.svg
