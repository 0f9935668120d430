# 每个命令都会先装好它要用的东西；装过就跳过。make help 列出全部命令。
.DEFAULT_GOAL := help
.PHONY: help run test lint format bench lock clean

VENV_PYTHON := .venv/bin/python
PYTEST := .venv/bin/pytest
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"

help: ## 列出命令
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## 启动演示环境，打开 http://127.0.0.1:8000（换端口：make run ARGS="--port 8080"）
	@scripts/bootstrap.sh run
	@TONGBAN_DEMO=$${TONGBAN_DEMO-1} exec .venv/bin/tongban run $(ARGS)

test: lint ## 跑全部检查：规范、类型、测试、浏览器、故障
	$(PYTEST) -n 2 -m "not browser and not faults"
	$(PYTEST) -m browser
	$(PYTEST) -m faults

lint: ## 只查规范、类型和引入方向
	@scripts/bootstrap.sh test
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: ## 按规范排版
	@scripts/bootstrap.sh test
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench: ## 跑基准，结果都是比值（只跑一个：make bench ARGS=pages）
	@scripts/bootstrap.sh bench
	$(VENV_PYTHON) -m bench $(ARGS)

lock: ## 按 requirements*.in 重新锁定依赖
	@scripts/bootstrap.sh test
	$(LOCK) $(ARGS) requirements-uv.in -o requirements-uv.lock
	$(LOCK) $(ARGS) requirements.in -o requirements.lock
	$(LOCK) $(ARGS) requirements-batch.in -o requirements-batch.lock
	$(LOCK) $(ARGS) requirements-ocr.in -o requirements-ocr.lock
	$(LOCK) $(ARGS) requirements-dev.in -o requirements-dev.lock
	$(LOCK) $(ARGS) requirements-bench.in -o requirements-bench.lock

clean: ## 删掉虚拟环境和各种缓存；var/ 里的数据不动
	rm -rf .venv tests/oidc/node_modules .mypy_cache .ruff_cache .hypothesis .import_linter_cache .pytest_cache
