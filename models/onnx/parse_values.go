package onnx

// parse reads an AttributeProto. Files of the first format version leave the
// type out; it then follows from the field that is set.
func (a *Attribute) parse(msg []byte) error {
	declared := int64(0)
	err := scan(msg, func(f field) error {
		if f.num == 20 {
			return f.int(&declared)
		}
		return a.field(f)
	})
	if declared != 0 {
		a.Type = AttrType(declared)
	}
	return err
}

func (a *Attribute) field(f field) error {
	switch f.num {
	case 1:
		return f.text(&a.Name)
	case 2:
		a.Type = AttrFloat
		return f.float(&a.F)
	case 3:
		a.Type = AttrInt
		return f.int(&a.I)
	case 4:
		a.Type = AttrString
		return f.text(&a.S)
	case 5:
		a.Type, a.T = AttrTensor, &Tensor{}
		return f.message(a.T.parse)
	case 6:
		a.Type = AttrGraph
	case 7:
		a.Type = AttrFloats
		return repeatedFloat(f, &a.Floats)
	case 8:
		a.Type = AttrInts
		return repeatedVarint(f, &a.Ints)
	case 9:
		a.Type = AttrStrings
		var s string
		err := f.text(&s)
		a.Strings = append(a.Strings, s)
		return err
	}
	return nil
}

func (t *Tensor) parse(msg []byte) error {
	return scan(msg, func(f field) error {
		switch f.num {
		case 1:
			return repeatedVarint(f, &t.Dims)
		case 2:
			var n int64
			err := f.int(&n)
			t.Type = DataType(n)
			return err
		case 4:
			return repeatedFloat(f, &t.Floats)
		case 5:
			return repeatedVarint(f, &t.Int32s)
		case 7:
			return repeatedVarint(f, &t.Int64s)
		case 8:
			return f.text(&t.Name)
		case 9:
			return f.bytes(&t.Raw)
		case 10:
			return repeatedDouble(f, &t.Doubles)
		case 11:
			return repeatedVarint(f, &t.Uint64s)
		case 14:
			var where int64
			err := f.int(&where)
			t.External = where == 1
			return err
		}
		return nil
	})
}

func (v *ValueInfo) parse(msg []byte) error {
	return scan(msg, func(f field) error {
		switch f.num {
		case 1:
			return f.text(&v.Name)
		case 2:
			return f.message(v.parseType)
		}
		return nil
	})
}

// parseType reads a TypeProto; sequences, maps and optionals leave Type at 0,
// which Import refuses where such a value is an input.
func (v *ValueInfo) parseType(msg []byte) error {
	return scan(msg, func(f field) error {
		if f.num != 1 {
			return nil
		}
		return f.message(v.parseTensorType)
	})
}

func (v *ValueInfo) parseTensorType(msg []byte) error {
	return scan(msg, func(f field) error {
		switch f.num {
		case 1:
			var n int64
			err := f.int(&n)
			v.Type = DataType(n)
			return err
		case 2:
			v.Shaped = true
			return f.message(v.parseShape)
		}
		return nil
	})
}

func (v *ValueInfo) parseShape(msg []byte) error {
	return scan(msg, func(f field) error {
		if f.num != 1 {
			return nil
		}
		return repeated(f, "extent", &v.Dims, (*Extent).parse)
	})
}

func (e *Extent) parse(msg []byte) error {
	e.Value = -1
	return scan(msg, func(f field) error {
		switch f.num {
		case 1:
			return f.int(&e.Value)
		case 2:
			return f.text(&e.Param)
		}
		return nil
	})
}
