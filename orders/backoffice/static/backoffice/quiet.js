// htmx would write a style sheet into the page and evaluate code from attributes; the Content-Security-Policy
// refuses the first, and nothing here needs either.
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
