
# --- Feuille de style et polices : le résultat est versionné, npm ne sert qu’à qui change le dessin ---

# Outside static/, so that nothing collects it.
STYLE_PACKAGES := build/styles/node_modules

$(STYLE_PACKAGES)/.package-lock.json: static/src/package.json static/src/package-lock.json
	mkdir -p build/styles
	cp $^ build/styles
	npm ci --prefix build/styles --omit=optional --no-fund --no-audit --ignore-scripts

.PHONY: css fonts
css: $(STYLE_PACKAGES)/.package-lock.json ## Compile static/css/site.css
	$(STYLE_PACKAGES)/.bin/sass --no-source-map --style=compressed --quiet-deps \
		--silence-deprecation=import --load-path=$(STYLE_PACKAGES) static/src/site.scss static/css/site.css

fonts: $(STYLE_PACKAGES)/.package-lock.json ## Construit static/fonts
	$(or $(PYTHON),python3) static/src/fonts.py $(STYLE_PACKAGES)/@fontsource static/fonts
