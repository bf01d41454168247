# Junctor. `make help` lists what there is; the work is done by the scripts in tools/.
#   T=REGEX  only the tests or files whose name matches (test, fuzz, lint)
#   S=60     seconds for each fuzz target (fuzz)
#   J=N      jobs; as many as there are cores when not given

RUN = build/release/junctor serve --data data --listen 127.0.0.1:8080 --first-run

.PHONY: build run test fuzz lint format bench dev doctor hooks fresh clean help
.DEFAULT_GOAL := build

build: ## Install what is missing and build the program, build/release/junctor
	@tools/setup build
	@tools/build release

run: ## Build, then start a hub with its data in data/ and say what to try
	@tools/setup run
	@tools/build release
	@exec $(RUN)

test: ## Install what is missing, build, and run every test (T=name for some)
	@tools/setup test
	@tools/test

fuzz: ## Run the fuzz targets for a minute each (T=name, S=seconds)
	@tools/setup test
	@S=$${S:-60} tools/test fuzz

lint: ## Check format, clang-tidy, cppcheck, layers, symbols and the shell scripts (T=path)
	@tools/setup lint
	@tools/lint

format: ## Format the C files as .clang-format says
	@tools/setup lint
	@find src test -name '*.[ch]' -not -path '*/node_modules/*' | xargs "$$(command -v clang-format-14 || echo clang-format)" -i

bench: build ## Measure: ingest and delivery on this machine
	@tools/setup bench
	@bench/run

dev: ## Run a hub that is rebuilt and restarted on each change (and the dashboard's server)
	@tools/setup dev
	@node tools/dev.mjs

doctor: ## Show the versions of all tools, and the apt line for what is missing
	@tools/doctor

hooks: ## Check format and layers at each commit from now on
	git config core.hooksPath .githooks

fresh: ## Try the README's commands on a bare Debian 12 and 13 (root, some minutes)
	@tools/setup fresh
	@tools/fresh-machine both

clean: ## Remove what was built; the packages fetched into build/deps stay
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 -not -name deps -exec rm -rf {} +
	@rm -f compile_commands.json

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
