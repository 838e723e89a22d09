# The compiled files are committed: only who changes the design needs npm.
#   make css    static/css/site.css from static/src/*.scss
#   make fonts  static/fonts/*.woff2 from the @fontsource packages (fontTools comes with WeasyPrint)

STYLE_MODULES := static/src/node_modules/.package-lock.json

.PHONY: css fonts

$(STYLE_MODULES): static/src/package-lock.json
	npm ci --prefix static/src --omit=optional --no-fund --no-audit --ignore-scripts

css: $(STYLE_MODULES)
	static/src/node_modules/.bin/sass --no-source-map --style=compressed --quiet-deps \
		--silence-deprecation=import --load-path=static/src/node_modules static/src/site.scss static/css/site.css

fonts: $(STYLE_MODULES)
	$(or $(PYTHON),python3) static/src/fonts.py
