--- Text for reports: templates, columns, wrapping, splitting.

local text = {}

--- Without white space at both ends.
function text.trim(value) return (value:match("^%s*(.*)$"):gsub("%s+$", "")) end

--- The parts between separators, which are taken as they are written.
---@param value string
---@param separator string
---@return string[]
function text.split(value, separator)
  if separator == "" then fail("INVALID_ARGUMENT", "a separator cannot be empty") end
  local parts, from = {}, 1
  while true do
    local first, last = value:find(separator, from, true)
    if not first then break end
    parts[#parts + 1] = value:sub(from, first - 1)
    from = last + 1
  end
  parts[#parts + 1] = value:sub(from)
  return parts
end

--- The lines, without their ends; a last empty line does not count.
function text.lines(value)
  local lines = text.split(value, "\n")
  if lines[#lines] == "" then lines[#lines] = nil end
  for i, line in ipairs(lines) do lines[i] = (line:gsub("\r$", "")) end
  return lines
end

function text.starts_with(value, prefix) return value:sub(1, #prefix) == prefix end

function text.ends_with(value, suffix) return suffix == "" or value:sub(-#suffix) == suffix end

--- Each line with `by` (spaces, or a text) in front.
function text.indent(value, by)
  local prefix = type(by) == "number" and (" "):rep(by) or by or "  "
  return (value:gsub("[^\n]+", function(line) return prefix .. line end))
end

-- Characters rather than bytes, where it is UTF-8.
local function width(value) return utf8.len(value) or #value end

--- Broken between words into lines of at most `columns`; a longer word stands alone.
function text.wrap(value, columns)
  local lines, line = {}, ""
  for word in value:gmatch("%S+") do
    if line ~= "" and width(line) + 1 + width(word) > columns then
      lines[#lines + 1] = line
      line = word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  if line ~= "" then lines[#lines + 1] = line end
  return table.concat(lines, "\n")
end

--- Fills in a template: {{name}} and {{a.b}} are taken from `values`, {{{{ stands for {{.
---@param template string
---@param values table
---@return string
function text.fill(template, values)
  local escaped = template:gsub("{{{{", "\0")
  local filled = escaped:gsub("{{%s*([^{}]-)%s*}}", function(path)
    local value = values
    for name in path:gmatch("[^.]+") do
      if type(value) ~= "table" then
        value = nil
        break
      end
      local inner = value[name]
      if inner == nil and tonumber(name) then inner = value[tonumber(name)] end
      value = inner
    end
    if value == nil then
      fail("INVALID_ARGUMENT", ("the template names {{%s}}, which has no value"):format(path),
        { hint = "pass it, or write {{{{ for two braces" })
    end
    return tostring(value)
  end)
  return (filled:gsub("\0", "{{"))
end

--- Rows below each other in columns, numbers to the right. `columns` lists fields, or { field, title } pairs.
---@param rows table[]
---@param columns (string|string[])[]
---@return string
function text.columns(rows, columns)
  local widths, right, lines = {}, {}, { {} }
  for c, column in ipairs(columns) do
    lines[1][c] = type(column) == "table" and (column[2] or column[1]) or column
    widths[c], right[c] = width(lines[1][c]), #rows > 0
  end
  for _, row in ipairs(rows) do
    local cells = {}
    for c, column in ipairs(columns) do
      local value = row[type(column) == "table" and column[1] or column]
      cells[c] = value == nil and "" or tostring(value)
      widths[c] = math.max(widths[c], width(cells[c]))
      right[c] = right[c] and (type(value) == "number" or value == nil)
    end
    lines[#lines + 1] = cells
  end
  for i, cells in ipairs(lines) do
    for c, cell in ipairs(cells) do
      local pad = (" "):rep(widths[c] - width(cell))
      cells[c] = right[c] and pad .. cell or cell .. pad
    end
    lines[i] = table.concat(cells, "  "):gsub("%s+$", "")
  end
  return table.concat(lines, "\n")
end

return text
