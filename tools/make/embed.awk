# embed.awk: a text file as C, for an #include inside an initializer. A file whose first line is "-- NAME:"
# becomes a row of a table for each such line, [NAME] = "..."; any other file becomes one string. Comment
# lines ("-- ...") of SQL and blank lines at a row's end do not reach the program.
function literal(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\t\"" text "\\n\"\n"
}
FNR == 1 { table = /^-- [A-Z_0-9]+:$/ }
table && /^-- [A-Z_0-9]+:$/ {
	if (row != "") printf "%s,\n", row
	name = $2
	sub(/:$/, "", name)
	row = "[" name "] =\n"
	next
}
FILENAME ~ /\.sql$/ && /^--/ { next }
table && /^$/ { next }
{ row = row literal($0) }
END { printf "%s%s", row, table ? ",\n" : "" }
