"""Pure values every layer may use: ids, money, time, text, tenant and errors."""
